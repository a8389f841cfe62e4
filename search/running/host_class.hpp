#pragma once
// What of a machine decides the bits of a training, beside the program and its libraries.

#include <iosfwd>
#include <string>

#include "search/ledger/ledger.hpp"

namespace atto::search {

/// Describes this machine's CPU in one line: machines with the same line compute the same bits, as
/// libraries choose their arithmetic by it. Names alone would not do: virtual machines hide them.
std::string host_class();
/// The same of the text of a /proc/cpuinfo.
std::string read_host_class(std::istream& cpuinfo);

/// Whether a campaign may be trained on machines of several classes. A trial then begins again
/// where a machine of another class takes it up.
bool allows_mixed_hosts(Ledger& ledger);
void allow_mixed_hosts(Ledger& ledger);

}  // namespace atto::search
