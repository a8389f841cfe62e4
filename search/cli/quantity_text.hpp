#pragma once
// Counts, times and sizes for people.

#include <string>

namespace atto::cli {

/// "1.87M", "278k", "326".
std::string short_count(double count);
/// "2 h 05 min", "3 min 20 s", "12 s".
std::string duration_text(double seconds);
/// "1.2 GB", "34 MB".
std::string bytes_text(double bytes);

}  // namespace atto::cli
