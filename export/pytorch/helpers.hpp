#pragma once
// The parts of a model.py that are the same in all of them.

#include <span>
#include <string_view>

namespace atto::deploy::pytorch {

/// A class that torch lacks; written where it is used.
struct HelperClass {
  std::string_view name, text;
};
std::span<const HelperClass> helper_classes();

extern const std::string_view kFunctions;  ///< read() and save()
extern const std::string_view kEnd;        ///< model(), and what the file does as a program

}  // namespace atto::deploy::pytorch
