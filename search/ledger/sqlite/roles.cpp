// Roles are locks of files beside the ledger.
#include "search/ledger/file_lock.hpp"
#include "search/ledger/sqlite/ledger.hpp"

namespace atto::search {
namespace {

class HeldFile final : public HeldRole {
 public:
  explicit HeldFile(const std::filesystem::path& file) : lock(file) {}
  const FileLock lock;
};

std::filesystem::path file_of(Role role, const std::filesystem::path& ledger) {
  return ledger.parent_path() / (role == Role::Coordinate ? "coordinator.lock" : "steer.lock");
}

}  // namespace

std::unique_ptr<HeldRole> SqliteLedger::take(Role role) {
  auto held = std::make_unique<HeldFile>(file_of(role, file_));
  if (!held->lock.is_held()) return nullptr;
  return held;
}

bool SqliteLedger::is_taken(Role role) {
  return is_locked(file_of(role, file_));
}

}  // namespace atto::search
