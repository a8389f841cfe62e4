#pragma once
// What strategies of one fidelity share: they bring every design straight to the top rung.

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/strategies/fresh_designs.hpp"

namespace atto::search {

/// Counts its proposals, and keeps the decisions of designs whose results are not here yet.
class ToTheTop : public Strategy {
 public:
  explicit ToTheTop(const StrategySetting& setting)
      : fresh_(setting),
        limit_(setting.search.candidates),
        top_(static_cast<int>(setting.search.rungs.size()) - 1) {}

  void refuse(std::uint64_t hash) override {
    --issued_;
    pending_.erase(hash);
  }
  void steer(const Steering& steering) override { fresh_.steer(steering); }
  void set_candidates(int candidates) override { limit_ = candidates; }
  std::vector<std::uint64_t> take_released() override { return std::exchange(released_, {}); }

 protected:
  bool has_proposed_all() const { return issued_ >= limit_; }
  std::int64_t issued() const { return issued_; }
  bool is_waiting() const { return !pending_.empty(); }
  std::optional<Proposal> propose_fresh(std::optional<gen::Candidate> design, std::string how) {
    if (!design) return {};
    fresh_.accept(*design);
    ++issued_;
    const std::uint64_t hash = design->hash;
    pending_[hash] = design->assignment;
    return Proposal{std::move(design), hash, top_, std::move(how)};
  }
  /// Takes the decisions of a design whose result is here; nothing where it was not waited for.
  std::optional<net::Assignment> arrive(std::uint64_t hash) {
    released_.push_back(hash);
    auto found = pending_.extract(hash);
    if (found.empty()) return {};
    return std::move(found.mapped());
  }

  FreshDesigns fresh_;

 private:
  std::int64_t limit_, issued_ = 0;
  int top_;
  std::unordered_map<std::uint64_t, net::Assignment> pending_;
  std::vector<std::uint64_t> released_;
};

}  // namespace atto::search
