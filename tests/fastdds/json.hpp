// Messages as lines of JSON, numbers bit for bit.

#pragma once

#include <cstdio>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "messages.h"

class Json {
 public:
  void value(int number) { out_ << number; }

  void value(double number) {
    char text[40];  // seventeen digits give a double back
    std::snprintf(text, sizeof text, "%.16e", number);
    out_ << text;
  }

  void value(const char* text) { value(std::string(text)); }

  void value(const std::string& text) {
    char escaped[8];
    out_ << '"';
    for (unsigned char c : text) {
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
        std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
        out_ << escaped;
      } else {
        out_ << c;
      }
    }
    out_ << '"';
  }

  template <class Item>
  void value(const std::vector<Item>& items) {
    out_ << '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) out_ << ',';
      value(items[i]);
    }
    out_ << ']';
  }

  void value(const builtin_interfaces::msg::dds_::Time_& t) {
    out_ << "{\"sec\":" << t.sec() << ",\"nanosec\":" << t.nanosec() << "}";
  }

  void value(const builtin_interfaces::msg::dds_::Duration_& t) {
    out_ << "{\"sec\":" << t.sec() << ",\"nanosec\":" << t.nanosec() << "}";
  }

  void value(const std_msgs::msg::dds_::Header_& header) {
    object("stamp", header.stamp(), "frame_id", header.frame_id());
  }

  void value(const std_msgs::msg::dds_::String_& message) { object("data", message.data()); }

  void value(const std_msgs::msg::dds_::Bool_& message) {
    out_ << (message.data() ? "{\"data\":true}" : "{\"data\":false}");
  }

  void value(const sensor_msgs::msg::dds_::JointState_& message) {
    object("header", message.header(), "name", message.name(), "position", message.position(),
           "velocity", message.velocity(), "effort", message.effort());
  }

  void value(const trajectory_msgs::msg::dds_::JointTrajectoryPoint_& point) {
    object("positions", point.positions(), "velocities", point.velocities(), "accelerations",
           point.accelerations(), "effort", point.effort(), "time_from_start",
           point.time_from_start());
  }

  void value(const trajectory_msgs::msg::dds_::JointTrajectory_& message) {
    object("header", message.header(), "joint_names", message.joint_names(), "points",
           message.points());
  }

  void value(const rmw_dds_common::msg::dds_::Gid_& gid) {
    char hex[3];
    out_ << '"';
    for (unsigned char byte : gid.data()) {
      std::snprintf(hex, sizeof hex, "%02x", byte);
      out_ << hex;
    }
    out_ << '"';
  }

  void value(const rmw_dds_common::msg::dds_::NodeEntitiesInfo_& node) {
    object("namespace", node.node_namespace(), "name", node.node_name(), "readers",
           node.reader_gid_seq(), "writers", node.writer_gid_seq());
  }

  void value(const rmw_dds_common::msg::dds_::ParticipantEntitiesInfo_& info) {
    object("gid", info.gid(), "nodes", info.node_entities_info_seq());
  }

  // Names and values in turn.
  template <class... Fields>
  void object(const Fields&... fields) {
    out_ << '{';
    members(fields...);
    out_ << '}';
  }

  std::string text() const { return out_.str(); }

 private:
  void members() {}

  template <class Value, class... More>
  void members(const char* name, const Value& of, const More&... more) {
    value(name);
    out_ << ':';
    value(of);
    if (sizeof...(more)) out_ << ',';
    members(more...);
  }

  std::ostringstream out_;
};

// Prints one event; Fast DDS calls from threads of its own.
template <class... Fields>
void say(const char* event, const Fields&... fields) {
  static std::mutex one_at_a_time;
  Json line;
  line.object("event", event, fields...);
  std::lock_guard<std::mutex> lock(one_at_a_time);
  std::cout << line.text() << std::endl;
}
