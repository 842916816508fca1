"""More ways to say it in training: other verbs and other builds of the same requests.

Words are where a network that follows motion well still fails, so each request is said in
as many ways as can be thought of without those kept for the held-out wording: no word
that only held-out templates or synonyms have stands here, in any form
(`tests/gen/test_wording.py`).
"""

VARIED = "varied"

MORE: dict[str, tuple[str, ...]] = {
    "bend": (
        "(bend|curl) {the_fingers} (down|in|over){times}",
        "(draw|pull) {the_fingers} in{times}",
        "(bend|flex) {the_fingers} at (the joints|every joint){times}",
        "make {the_fingers} (bend|curl|fold|flex){times}",
        "let {the_fingers} (bend|fold|flex){times}",
        "get {the_fingers} to (bend|curl|fold){times}",
        "have {the_fingers} (bent|curled|flexed){times}",
        "give {the_fingers} a (bend|curl|full bend){times}",
        "bring {the_fingers} to the palm{times}",
        "(contract|double up) {the_fingers}{times}",
        "(do|perform) a bend of {the_fingers}{times}",
    ),
    "extend": (
        "(stretch|push|point) {the_fingers} out straight",
        "make {the_fingers} (straight|quite straight)",
        "get {the_fingers} (straight|extended)",
        "let {the_fingers} (straighten|extend|stretch out)",
        "bring {the_fingers} out straight",
        "have {the_fingers} (straightened|extended|stretched)",
    ),
    "half_bend": (
        "bend {the_fingers} (partway|by half){times}",
        "make {the_fingers} (bend|curl) (halfway|a little|slightly){times}",
        "relax {the_fingers} into a slight (bend|curl){times}",
        "(bend|curl|flex) {the_fingers} (gently|lightly){times}",
        "have {the_fingers} (half bent|slightly bent|half curled){times}",
    ),
    "turn": (
        "{turn_g} {the_hand}{turn_h}{times}",
        "{turn_i} {the_hand}{turn_j}{times}",
        "{turn_k} {the_wrist}{turn_l}{times}",
        "{turn_m} {the_wrist}{turn_n}{times}",
        "{turn_o} {the_wrist}{turn_p}{times}",
        "make {the_wrist} {turn_c}{turn_d}{times}",
        "let {the_wrist} {turn_k}{turn_l}{times}",
        "have {the_wrist} {turn_m}{turn_n}{times}",
    ),
    "move": (
        "(push|pull|guide|send|lead) {the_hand} {direction}{times}",
        "(go|travel|reach) {direction} with {the_hand}{times}",
        "let {the_hand} (move|travel|float|go) {direction}{times}",
        "make {the_hand} (go|move|travel) {direction}{times}",
        "have {the_hand} (go|move|travel) {direction}{times}",
        "give {the_hand} a (push|shift|move) {direction}{times}",
        "(place|put) {the_hand} further {direction}{times}",
        "{the_hand} <go|travel|float> {direction}{times}",
        "(steer|direct|draw) {the_hand} {direction}{times}",
        "change the position of {the_hand}: {direction}{times}",
    ),
    "circle": (
        "(describe|paint|write) {circles} with {the_hand}",
        "(draw|paint) {circles} in the air with {the_hand}",
        "(guide|run|lead) {the_hand} (along|around) {circles}",
        "(swirl|spin) {the_hand} in {circles}",
        "stir {circles} with {the_hand}",
        "have {the_hand} (travel|move) in {circles}",
        "make {the_hand} (travel|move|circle) in {circles}",
        "let {the_hand} (draw|make) {circles}",
        "follow {circles} with {the_hand}",
        "{the_hand} <circle|travel> in {circles}",
    ),
    "pinch": (
        "(put|place) the tip of the thumb on the {pinched} of {the_hand}{times}",
        "connect the thumb (with|to) the {pinched} of {the_hand}{times}",
        "(squeeze|push) the thumb and {pinched} of {the_hand} together{times}",
        "make the thumb (touch|tap|reach) the {pinched} of {the_hand}{times}",
        "have the thumb (touch|tap) the {pinched} of {the_hand}{times}",
        "pinch the {pinched} with the thumb of {the_hand}{times}",
        "tap thumb and {pinched} of {the_hand} (on|against) each other{times}",
        "close the thumb on the {pinched} of {the_hand}{times}",
        "bring the thumb (over to|onto) the {pinched} of {the_hand}{times}",
    ),
    "pinch_all": (
        "(visit|touch|tap) every fingertip with the thumb of {the_hand}{sweep}",
        "move the thumb of {the_hand} from fingertip to fingertip{sweep}",
        "tap all fingers of {the_hand} with the thumb one at a time{sweep}",
        "pinch each finger in turn with {the_hand}{sweep}",
    ),
    "touch": (
        "(put|place|press|bump) {left_tip} (to|on|against) {right_tip}{times}",
        "make {left_tip} (touch|tap) {right_tip}{times}",
        "have {left_tip} (touch|tap) {right_tip}{times}",
        "connect {left_tip} (with|to) {right_tip}{times}",
        "(reach|reach for) {right_tip} with {left_tip}{times}",
        "(touch|tap) {right_tip} (with|using) {left_tip}{times}",
        "put {left_tip} and {right_tip} together{times}",
        "make {same_tips} touch{times}",
        "(put|bring) {same_tips} together{times}",
    ),
    "wave": (
        "(bend|fold|close) each finger of {the_hand} in turn{wave_order}",
        "close {the_hand} finger by finger{wave_order}",
        "make a wave with the fingers of {the_hand}{wave_order}",
        "(lower|curl) the fingers of {the_hand} one at a time{wave_order}",
    ),
    "fist": (
        "(curl|fold|turn) {the_hand} into a fist",
        "(show|do) a fist with {the_hand}",
        "close {the_hand} (firmly|all the way)",
        "curl all fingers of {the_hand} into the palm",
        "let {the_hand} become a fist",
    ),
    "open": (
        "(stretch|hold) {the_hand} open",
        "extend all fingers of {the_hand}",
        "let {the_hand} open",
        "open {the_hand} (fully|all the way)",
        "straighten {the_hand}",
    ),
    "shape": (
        "(put|stretch|lift) up {shape_fingers} of {the_hand}",
        "have only {shape_fingers} of {the_hand} (up|out|raised)",
        "straighten only {shape_fingers} of {the_hand}",
        "(show|raise) {shape_fingers} of {the_hand} alone",
        "extend {shape_fingers} of {the_hand}, the others down",
        "{shape_name} using {the_hand}",
    ),
    "count": (
        "count up to {number} with {the_hand}",
        "count on {the_hand} to {number}",
        "(show|raise) one to {number} in turn with {the_hand}",
    ),
    "spread": (
        "(open|push|stretch|move) the fingers of {the_hand} apart",
        "fan {the_hand} out",
        "(separate|open) the fingers of {the_hand} widely",
        "make the fingers of {the_hand} wide",
        "put gaps between the fingers of {the_hand}",
    ),
    "close": (
        "(press|push|move) the fingers of {the_hand} together",
        "close the gaps between the fingers of {the_hand}",
        "hold the fingers of {the_hand} next to each other",
        "let the fingers of {the_hand} come together",
    ),
    "still": (
        "let {the_hand} (rest|stay still|be still)",
        "(freeze|rest) {the_hand}",
        "hold {the_hand} in place",
        "do nothing with {the_hand}",
        "{the_hand} <stay|rest> still",
    ),
    "hook": (
        "bend only the (outer|end) joints of {the_hand}",
        "keep the knuckles of {the_hand} straight with the fingertips curled",
        "let the fingers of {the_hand} (form|make) a hook",
    ),
    "claw": (
        "let the fingers of {the_hand} look like claws",
        "curl the spread fingers of {the_hand}",
        "turn {the_hand} into a claw",
    ),
    "tabletop": (
        "make a right angle at the knuckles of {the_hand}",
        "bend {the_hand} at the knuckles with the fingers straight",
        "hold {the_hand} like the top of a table",
    ),
    "cup": (
        "curve the palm of {the_hand}", "hold {the_hand} like a spoon",
        "let {the_hand} form a (cup|hollow)",
    ),
    "vulcan": (
        "spread {the_hand} between middle and ring finger",
        "(do|sign) the vulcan salute with {the_hand}",
        "keep the fingers of {the_hand} two by two",
    ),
    "ok": (
        "let {the_hand} say okay", "(do|sign) ok with {the_hand}",
        "make a circle of thumb and forefinger with {the_hand}",
    ),
    "tripod": (
        "hold an (imaginary|invisible) pen with {the_hand}",
        "pinch with thumb, index and middle finger of {the_hand}",
        "let thumb, index and middle fingertips of {the_hand} touch",
    ),
    "key": (
        "have an (imaginary|invisible) key in {the_hand}",
        "lay the thumb against the side of the index finger of {the_hand}",
        "push the thumb on the side of the forefinger of {the_hand}",
    ),
    "thumb_tuck": (
        "put the thumb of {the_hand} away in the palm",
        "move the thumb of {the_hand} across the palm",
        "cover the palm of {the_hand} with the thumb",
    ),
    "thumb_down": (
        "let the thumb of {the_hand} point down",
        "hold the thumb of {the_hand} down", "(sign|do) a thumbs down with {the_hand}",
    ),
    "stop": (
        "let {the_hand} say stop", "(sign|do) a stop with {the_hand}",
        "show the palm of {the_hand} as a stop sign",
    ),
    "grip.thin": (
        "close the fingers of {the_hand} on a thin (stick|rod)",
        "let {the_hand} hold a (thin|narrow) rod",
        "hold a broomstick with {the_hand}",
    ),
    "grip.wide": (
        "close the fingers of {the_hand} on a (big|wide) jar",
        "let {the_hand} hold a (big|wide) bottle",
        "hold a glass with {the_hand}",
    ),
    "number": (
        "(do|give) a {number} with {the_hand}",
        "let {the_hand} show the number {number}",
        "make the number {number} with {the_hand}",
    ),
    "pinch_hold": (
        "(put|place) the thumb on the {pinched} of {the_hand} and hold",
        "hold the thumb and {pinched} of {the_hand} together",
        "keep thumb and {pinched} of {the_hand} in touch",
    ),
    "pinch_rub": (
        "(move|brush) the thumb back and forth (on|over) the {pinched} of {the_hand}{times}",
        "stroke the {pinched} of {the_hand} with the thumb{times}",
        "let the thumb rub the {pinched} of {the_hand}{times}",
    ),
    "flick": (
        "flip the {one_finger} of {the_hand} off the thumb{times}",
        "shoot a crumb away with the {one_finger} of {the_hand}{times}",
        "do a flick with the {one_finger} of {the_hand}{times}",
    ),
    "thumb_base": (
        "(tap|press) the base of the {one_finger} of {the_hand} with the thumb",
        "bring the thumb to the root of the {one_finger} of {the_hand}",
        "make the thumb of {the_hand} touch the base of the {one_finger}",
    ),
    "pump": (
        "close {the_hand} and open it again{times}",
        "make {the_hand} open and close{times}",
        "let {the_hand} squeeze and open{times}",
    ),
    "burst": (
        "open {the_hand} wide from a fist with a burst{times}",
        "let {the_hand} explode out of a fist{times}",
        "shoot all fingers of {the_hand} out of a fist{times}",
    ),
    "unroll": (
        "open {the_hand} finger by finger{wave_order}",
        "straighten each finger of {the_hand} in turn from a fist{wave_order}",
    ),
    "drum": (
        "tap the fingers of {the_hand} in sequence on a table{wave_order}",
        "drum on the table with {the_hand}{wave_order}",
        "let the fingers of {the_hand} drum{wave_order}",
    ),
    "flutter": (
        "shake the fingers of {the_hand} loose", "let the fingers of {the_hand} wiggle",
        "make the fingers of {the_hand} flutter", "wiggle and waggle the fingers of {the_hand}",
    ),
    "scissor": (
        "open and close the index and middle finger of {the_hand} like scissors{times}",
        "(do|play) scissors with {the_hand}{times}",
        "let two fingers of {the_hand} snip{times}",
    ),
    "goodbye": (
        "say (hello|goodbye|bye) by waving {the_hand}{times}",
        "let {the_hand} wave{times}", "(do|give) a wave with {the_hand}{times}",
    ),
    "wag": (
        "move the raised index finger of {the_hand} back and forth{times}",
        "let the index finger of {the_hand} say no{times}",
    ),
    "nod": (
        "let the fist of {the_hand} nod{times}", "move the fist of {the_hand} like a nodding head{times}",
    ),
    "twist": (
        "turn {the_hand} about the forearm both ways{times}",
        "let {the_hand} twist back and forth{times}",
        "twist the forearm of {the_hand} both ways{times}",
    ),
    "knock": (
        "rap on a door with {the_hand}{times}", "let {the_hand} knock{times}",
        "tap the knuckles of {the_hand} on a door{times}",
    ),
    "tremble": (
        "(have|hold) {the_hand} trembling", "let {the_hand} shake with a tremor",
        "quiver a little with {the_hand}",
    ),
    "shake": (
        "let {the_hand} shake loose", "shake out {the_hand}",
        "(give|do) a shake with {the_hand}", "jiggle {the_hand} from side to side",
    ),
    "sweep": (
        "sweep {direction} and back with {the_hand}{times}",
        "let {the_hand} travel {direction} and back{times}",
        "run {the_hand} {direction} and back{times}",
    ),
    "lift": (
        "move {the_hand} up and back down again{times}",
        "let {the_hand} go up and sink again{times}",
        "raise {the_hand} and bring it down again{times}",
    ),
    "bounce": (
        "make {the_hand} bounce{times}", "let {the_hand} bounce up and down{times}",
        "move {the_hand} up and down like a ball{times}",
    ),
    "square": (
        "follow a square with {the_hand}", "paint a square in the air with {the_hand}",
        "let {the_hand} draw a square",
    ),
    "zigzag": (
        "make a zigzag with {the_hand}", "let {the_hand} draw a zigzag",
        "follow a zigzag line with {the_hand}",
    ),
    "eight": (
        "follow a figure eight with {the_hand}", "let {the_hand} draw an eight",
        "write an eight in the air with {the_hand}",
    ),
    "thumb_circle": (
        "(spin|swirl) the thumb of {the_hand}{times}",
        "make the thumb of {the_hand} circle{times}",
        "let the thumb of {the_hand} draw {circles}",
        "turn the thumb of {the_hand} (around|round) at its base{times}",
    ),
    "press_button": (
        "poke forward with the index finger of {the_hand}{times}",
        "let {the_hand} push a button{times}", "hit a button with {the_hand}{times}",
    ),
    "grab": (
        "make a grab forward with {the_hand}", "let {the_hand} reach out and grab",
    ),
    "release": (
        "let {the_hand} drop what it holds", "open {the_hand} to drop something",
    ),
    "clap": (
        "give a clap{times}", "clap with both hands{times}", "strike the palms together{times}",
    ),
    "press": (
        "hold the palms together", "put the hands palm to palm",
        "bring the palms together and hold",
    ),
    "slide": (
        "rub one palm (on|against|along) the other", "slide one palm along the other",
    ),
    "poke": (
        "(push|set) the {side} {one_finger} (on|against) the {other} palm{times}",
        "make the {side} {one_finger} (touch|tap) the {other} palm{times}",
        "touch the {other} palm using the {side} {one_finger}{times}",
    ),
    "steeple": (
        "put all fingertips together", "make all fingertips of both hands touch",
        "hold the fingertips of both hands against each other",
    ),
    "interlace": (
        "weave the fingers of both hands together", "fold the hands with the fingers interlaced",
        "push the fingers of one hand between those of the other",
    ),
    "approach": (
        "(pull|draw|push) the hands towards each other",
        "carry both hands towards each other", "bring the hands towards one another",
    ),
    "part": (
        "(push|draw) both hands away from each other", "bring the hands apart",
        "carry the hands away from one another",
    ),
}  # fmt: skip
"""Key of `TEMPLATES` → what is added to its training wording."""
