#pragma once
// Golden texts: a file with the input, and beside it a .txt with exactly what must come of it.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace atto::test {

/// Feeds every .json file of a folder of tests/data (at least `least` of them) to `message_of(text,
/// name)` and checks the result and a newline against the .txt beside it. With ATTO_ACCEPT=1 in the
/// environment the texts are rewritten: read the difference before committing it.
void check_golden_folder(
    const std::string& folder, std::size_t least,
    const std::function<std::string(std::string_view text, const std::string& name)>& message_of);

}  // namespace atto::test
