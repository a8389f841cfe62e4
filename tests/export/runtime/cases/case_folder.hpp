#pragma once
// A folder of model files with an input and the wanted outputs of each, so that the engine can be
// checked where nothing but the engine was built: on a device, or under an emulator. One line of
// cases.txt is one case: NAME BOUND, where BOUND is the largest relative error (0: the same bytes).
// NAME.atto is the model, NAME.input and NAME.output hold floats in the byte order of the machine,
// all outputs one after the other.

namespace atto::test {

inline constexpr const char* kCaseList = "cases.txt";

}  // namespace atto::test
