// A participant of Fast DDS that does what it is told on standard input, and prints what it
// discovers and receives as lines of JSON. It ends with its input.
//
//   fastdds_peer DOMAIN REACH
//
// REACH is how discovery is set up: `loopback` (127.0.0.1 and nothing else, the tests' own),
// or as rmw_fastrtps does it: `subnet` (ROS 2's default), `localhost`
// (ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST), `localhost_only` (Humble's
// ROS_LOCALHOST_ONLY=1). Commands, where numbers may be C's hexadecimal ones:
//
//   read TOPIC TYPE reliable|best_effort volatile|latched DEPTH
//   write TOPIC TYPE reliable|best_effort volatile|latched DEPTH
//   state TOPIC SEC NANOSEC N name… N position… N velocity… N effort…
//   bool TOPIC 0|1

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/domain/DomainParticipantListener.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/DataWriterListener.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/DataReaderListener.hpp>
#include <fastdds/dds/subscriber/SampleInfo.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/rtps/transport/UDPv4TransportDescriptor.h>
#include <fastdds/rtps/transport/shared_mem/SharedMemTransportDescriptor.h>
#include <fastrtps/utils/IPLocator.h>

#include "json.hpp"
#include "messagesPubSubTypes.h"

using namespace eprosima::fastdds::dds;
namespace rtps = eprosima::fastrtps::rtps;
using eprosima::fastrtps::types::ReturnCode_t;

using rmw_dds_common::msg::dds_::Gid_;
using rmw_dds_common::msg::dds_::ParticipantEntitiesInfo_;
using sensor_msgs::msg::dds_::JointState_;
using std_msgs::msg::dds_::Bool_;
using std_msgs::msg::dds_::String_;
using trajectory_msgs::msg::dds_::JointTrajectory_;

std::string text(const UserDataQosPolicy& data) {
  const auto& bytes = data.getValue();
  return {bytes.begin(), bytes.end()};
}

Gid_ gid(const rtps::GUID_t& guid) {
  Gid_ bytes;
  std::copy_n(guid.guidPrefix.value, 12, bytes.data().begin());
  std::copy_n(guid.entityId.value, 4, bytes.data().begin() + 12);
  return bytes;
}

class Discovery : public DomainParticipantListener {
  void on_participant_discovery(
      DomainParticipant*, rtps::ParticipantDiscoveryInfo&& found) override {
    const bool gone = found.status > rtps::ParticipantDiscoveryInfo::CHANGED_QOS_PARTICIPANT;
    say(gone ? "participant gone" : "participant", "guid", gid(found.info.m_guid),
        "user_data", text(found.info.m_userData));
  }

  void on_publisher_discovery(DomainParticipant*, rtps::WriterDiscoveryInfo&& found) override {
    endpoint(found.status == rtps::WriterDiscoveryInfo::REMOVED_WRITER ? "writer gone" : "writer",
             found.info);
  }

  void on_subscriber_discovery(DomainParticipant*, rtps::ReaderDiscoveryInfo&& found) override {
    endpoint(found.status == rtps::ReaderDiscoveryInfo::REMOVED_READER ? "reader gone" : "reader",
             found.info);
  }

  template <class Info>
  void endpoint(const char* event, const Info& info) {
    say(event, "topic", info.topicName().to_string(), "type", info.typeName().to_string(),
        "guid", gid(info.guid()), "user_data", text(info.m_qos.m_userData));
  }
};

template <class Message>
class Printer : public DataReaderListener {
  void on_data_available(DataReader* reader) override {
    Message message;
    SampleInfo info;
    while (reader->take_next_sample(&message, &info) == ReturnCode_t::RETCODE_OK) {
      if (info.valid_data) {
        say("sample", "topic", reader->get_topicdescription()->get_name(), "message", message);
      }
    }
  }

  void on_subscription_matched(DataReader* reader, const SubscriptionMatchedStatus& s) override {
    say("matched", "topic", reader->get_topicdescription()->get_name(), "count", s.current_count);
  }

  void on_requested_incompatible_qos(
      DataReader* reader, const RequestedIncompatibleQosStatus& s) override {
    say("incompatible", "topic", reader->get_topicdescription()->get_name(), "policy",
        static_cast<int>(s.last_policy_id));
  }
};

class Matches : public DataWriterListener {
  void on_publication_matched(DataWriter* writer, const PublicationMatchedStatus& s) override {
    say("matched", "topic", writer->get_topic()->get_name(), "count", s.current_count);
  }
};

// How a participant finds others: see the list above.
DomainParticipantQos reaching(const std::string& reach) {
  DomainParticipantQos qos;
  const std::string enclave = "enclave=/;";
  qos.user_data().assign(enclave.begin(), enclave.end());
  if (reach == "subnet") return qos;
  auto udp = std::make_shared<eprosima::fastdds::rtps::UDPv4TransportDescriptor>();
  qos.transport().use_builtin_transports = false;
  qos.transport().user_transports.push_back(udp);
  if (reach != "loopback") {
    qos.transport().user_transports.push_back(
        std::make_shared<eprosima::fastdds::rtps::SharedMemTransportDescriptor>());
  }
  if (reach != "localhost") udp->interfaceWhiteList.emplace_back("127.0.0.1");
  if (reach == "localhost_only") return qos;
  if (reach != "loopback" && reach != "localhost") {
    throw std::invalid_argument("no such reach: " + reach);
  }
  // No multicast; the first 32 participants of this machine are asked one by one.
  auto& builtin = qos.wire_protocol().builtin;
  builtin.metatrafficUnicastLocatorList.push_back(rtps::Locator_t());
  udp->maxInitialPeersRange = 32;
  rtps::Locator_t here;
  rtps::IPLocator::setIPv4(here, "127.0.0.1");
  builtin.initialPeersList.push_back(here);
  return qos;
}

// QoS as rmw_fastrtps sets it on an endpoint.
template <class Qos>
Qos endpoint(std::istream& words) {
  std::string reliability, durability;
  Qos qos;
  if (!(words >> reliability >> durability >> qos.history().depth)) {
    throw std::invalid_argument("a reader or writer needs reliability, durability and depth");
  }
  qos.reliability().kind =
      reliability == "reliable" ? RELIABLE_RELIABILITY_QOS : BEST_EFFORT_RELIABILITY_QOS;
  qos.durability().kind =
      durability == "latched" ? TRANSIENT_LOCAL_DURABILITY_QOS : VOLATILE_DURABILITY_QOS;
  qos.history().kind = KEEP_LAST_HISTORY_QOS;
  qos.endpoint().history_memory_policy = rtps::PREALLOCATED_WITH_REALLOC_MEMORY_MODE;
  qos.data_sharing().off();
  return qos;
}

class Peer {
 public:
  Peer(uint32_t domain, const std::string& reach)
      : participant_(DomainParticipantFactory::get_instance()->create_participant(
            domain, reaching(reach), &discovery_, StatusMask::none())) {
    if (participant_ == nullptr) throw std::runtime_error("no participant");
    publisher_ = participant_->create_publisher(PUBLISHER_QOS_DEFAULT);
    subscriber_ = participant_->create_subscriber(SUBSCRIBER_QOS_DEFAULT);
    kind<JointTrajectory_, trajectory_msgs::msg::dds_::JointTrajectory_PubSubType>();
    kind<JointState_, sensor_msgs::msg::dds_::JointState_PubSubType>();
    kind<String_, std_msgs::msg::dds_::String_PubSubType>();
    kind<Bool_, std_msgs::msg::dds_::Bool_PubSubType>();
    kind<ParticipantEntitiesInfo_, rmw_dds_common::msg::dds_::ParticipantEntitiesInfo_PubSubType>();
  }

  void obey(std::istream& words) {
    std::string verb, name;
    words >> verb >> name;
    if (verb == "read") {
      Topic* topic = described(words, name);
      made(subscriber_->create_datareader(
          topic, endpoint<DataReaderQos>(words), printers_.at(topic->get_type_name()).get()));
    } else if (verb == "write") {
      Topic* topic = described(words, name);
      writers_[name] = made(
          publisher_->create_datawriter(topic, endpoint<DataWriterQos>(words), &matches_));
    } else if (verb == "state") {
      JointState_ message;
      message.header().stamp().sec(static_cast<int32_t>(number(words)));
      message.header().stamp().nanosec(static_cast<uint32_t>(number(words)));
      message.name().resize(static_cast<size_t>(number(words)));
      for (auto& joint : message.name()) words >> joint;
      for (auto* values : {&message.position(), &message.velocity(), &message.effort()}) {
        values->resize(static_cast<size_t>(number(words)));
        for (auto& value : *values) value = number(words);
      }
      writers_.at(name)->write(&message);
    } else if (verb == "bool") {
      Bool_ message;
      message.data(number(words) != 0);
      writers_.at(name)->write(&message);
    } else {
      throw std::invalid_argument("no such command: " + verb);
    }
  }

 private:
  template <class Message, class Support>
  void kind() {
    TypeSupport type(new Support());
    type.register_type(participant_);
    printers_[type.get_type_name()] = std::make_unique<Printer<Message>>();
  }

  Topic* described(std::istream& words, const std::string& name) {
    std::string type;
    words >> type;
    auto& topic = topics_[name];
    if (!topic) topic = participant_->create_topic(name, type, TOPIC_QOS_DEFAULT);
    return made(topic);
  }

  template <class Entity>
  static Entity* made(Entity* entity) {
    if (entity == nullptr) throw std::runtime_error("Fast DDS refused to make it");
    return entity;
  }

  static double number(std::istream& words) {  // streams do not read 0x1.8p+0
    std::string word;
    words >> word;
    return std::strtod(word.c_str(), nullptr);
  }

  Discovery discovery_;
  Matches matches_;
  std::map<std::string, std::unique_ptr<DataReaderListener>> printers_;
  std::map<std::string, Topic*> topics_;
  std::map<std::string, DataWriter*> writers_;
  DomainParticipant* participant_;
  Publisher* publisher_;
  Subscriber* subscriber_;
};

int main(int count, char** words) {
  if (count != 3) return 2;
  std::string line;
  try {
    // Listeners must outlive the participant, which goes with the process.
    Peer& peer = *new Peer(static_cast<uint32_t>(std::atoi(words[1])), words[2]);
    say("ready");
    while (std::getline(std::cin, line)) {
      std::istringstream command(line);
      peer.obey(command);
    }
  } catch (const std::exception& error) {
    std::cerr << "fastdds_peer: " << line.substr(0, 200) << ": " << error.what() << std::endl;
    return 1;
  }
}
