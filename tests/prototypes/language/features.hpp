#pragma once
// A prototype that uses every part of the language.

#include <string_view>

namespace atto::test {

std::string_view every_feature();

}  // namespace atto::test
