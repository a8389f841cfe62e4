#include "generator/space/width_solver.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace atto::gen {
namespace {

// Scales beyond these put every width on its smallest or largest alternative (grids have < 5,000
// steps).
constexpr double kLogScaleEnd = 16;
constexpr int kScaleSteps = 9;
// A design this close below its target is not filled further.
constexpr double kCloseEnough = 0.03;
constexpr int kFillPasses = 2;
// Log-odds by which the ends of a network are first bent apart, and how often the bend is changed.
// Beyond the last one every width stands at its end.
constexpr double kFirstBend = 1.5, kLastBend = 12;
constexpr int kBends = 9;
// Filling does not bring a floor up from further below than this.
constexpr double kFillable = 0.85;

}  // namespace

bool WidthSolver::start(net::Assignment& assignment, BuiltStructure& built) {
  assignment_ = &assignment;
  built_ = &built;
  return domains_.compute(built.structure, *forest_, assignment);
}

bool WidthSolver::count() {
  return model_->count_required(*assignment_, *built_, required_);
}

bool WidthSolver::measure_ends(WidthEnds& ends) {
  const Limits& limits = model_->limits();
  const auto set_all = [&](bool largest) {
    for (const WidthDomains::Domain& domain : domains_.domains()) {
      const auto alternatives = domains_.alternatives(domain);
      (*assignment_)[static_cast<std::size_t>(domain.decision)] =
          largest ? alternatives.back() : alternatives.front();
    }
    return count();
  };
  if (!set_all(true)) return false;
  ends.use_largest = limits.use(required_);
  ends.floor_largest = limits.floor_share(required_);
  if (!set_all(false)) return false;
  ends.use_smallest = limits.use(required_);
  return true;
}

void WidthSolver::draw_odds(spec::Random& random, const Preference* preference) {
  const double spread = 0.3 + 1.2 * random.uniform();
  const double trend = 1.5 * random.normal();
  factors_.clear();
  is_eager_ = preference != nullptr;
  const double count = static_cast<double>(std::max<std::size_t>(1, domains_.domains().size()));
  for (const WidthDomains::Domain& domain : domains_.domains()) {
    const double position = 2 * static_cast<double>(factors_.size()) / count - 1;
    const double u = (static_cast<double>(random.next() >> 12) + 0.5) * 0x1.0p-52;
    const double shift = preference ? preference->width_shift(domain.decision) : 0;
    factors_.push_back({domain, std::exp(spread * std::log(u / (1 - u)) + trend * position + shift),
                        position, shift});
  }
}

void WidthSolver::take_odds() {
  factors_.clear();
  is_eager_ = false;
  for (const WidthDomains::Domain& domain : domains_.domains()) {
    const auto alternatives = domains_.alternatives(domain);
    const std::int32_t current = (*assignment_)[static_cast<std::size_t>(domain.decision)];
    const auto at = std::lower_bound(alternatives.begin(), alternatives.end(), current);
    const double index =
        static_cast<double>(std::min<std::ptrdiff_t>(at - alternatives.begin(), domain.count - 1));
    const double u = (index + 0.5) / domain.count;
    const double position =
        2 * static_cast<double>(factors_.size()) / double(domains_.domains().size()) - 1;
    factors_.push_back({domain, u / (1 - u), position, 0});
  }
}

void WidthSolver::place(double scale) {
  for (const Factor& factor : factors_) {
    const double odds = scale * factor.odds;
    const auto index = static_cast<std::int32_t>(odds / (1 + odds) * factor.domain.count);
    choice(factor) = domains_.alternatives(
        factor.domain)[static_cast<std::size_t>(std::min(index, factor.domain.count - 1))];
  }
}

bool WidthSolver::try_unscaled() {
  place(1);
  return count() && model_->limits().met(required_);
}

// Regula falsi on (log scale, log use) between the ends, with bisection against slow ends. Keeps
// the largest scale whose use is at most the target.
void WidthSolver::scale_to(double target, const WidthEnds& ends) {
  const auto log_of = [](double use) { return std::log(std::max(use, 1e-12)); };
  double low = -kLogScaleEnd, high = kLogScaleEnd;
  double low_use = log_of(ends.use_smallest), high_use = log_of(ends.use_largest);
  const double wanted = log_of(target * (1 - kCloseEnough / 2));
  double next = 0;
  for (int step = 0; step < kScaleSteps; ++step) {
    place(std::exp(next));
    const double use = count() ? model_->limits().use(required_) : 2 * target;
    if (use <= target) {
      low = next;
      low_use = log_of(use);
      if (use >= target * (1 - kCloseEnough)) return;
    } else {
      high = next;
      high_use = log_of(use);
    }
    const double share = high_use > low_use ? (wanted - low_use) / (high_use - low_use) : 0.5;
    next = low + (high - low) * (step % 3 == 2 ? 0.5 : std::clamp(share, 0.05, 0.95));
    if (high - low < 1e-6) break;
  }
  place(std::exp(low));
  count();
}

void WidthSolver::bend_by(double change) {
  for (Factor& factor : factors_) factor.odds *= std::exp(change * factor.position);
}

// One scale meets one limit. A second one, of another kind, is met by the trend from the first
// width to the last: bisection, each step with a scale of its own.
void WidthSolver::bend_to_floors(double target, const WidthEnds& ends) {
  double bend = 0, step = kFirstBend;
  std::optional<double> low, high;
  for (int i = 0; i < kBends; ++i) {
    const int direction = model_->limits().bend(required_);
    if (direction == 0) return;
    (direction > 0 ? low : high) = bend;
    const double next = low && high ? (*low + *high) / 2 : bend + direction * step;
    if (std::abs(next) > kLastBend) return;
    step *= 2;
    bend_by(next - bend);
    bend = next;
    scale_to(target, ends);
  }
}

// Uniform, or by eagerness: the largest of (eagerness + Gumbel noise) first, which draws without
// replacement with probabilities proportional to exp(eagerness).
void WidthSolver::draw_order(spec::Random& random) {
  if (!is_eager_) {
    random.shuffle(std::span(order_));
    return;
  }
  turns_.clear();
  for (const Factor& factor : factors_)
    turns_.push_back(factor.eagerness - std::log(-std::log(random.uniform() + 0x1.0p-54)));
  std::stable_sort(order_.begin(), order_.end(), [&](std::int32_t a, std::int32_t b) {
    return turns_[static_cast<std::size_t>(a)] > turns_[static_cast<std::size_t>(b)];
  });
}

// One step up the grid at a time, each width in turn, as long as no ceiling is crossed.
void WidthSolver::fill(double target, double goal, spec::Random& random) {
  const Limits& limits = model_->limits();
  order_.resize(factors_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::int32_t>(i);
  const auto done = [&] {
    return limits.use(required_) >= goal && limits.floor_share(required_) >= 1;
  };
  for (int pass = 0; pass < kFillPasses; ++pass) {
    draw_order(random);
    bool moved = false;
    for (const std::int32_t i : order_) {
      if (done()) return;
      const Factor& factor = factors_[static_cast<std::size_t>(i)];
      const auto alternatives = domains_.alternatives(factor.domain);
      const std::int32_t before = choice(factor);
      const auto above = std::upper_bound(alternatives.begin(), alternatives.end(), before);
      if (above == alternatives.end()) continue;
      const spec::Costs kept = required_;
      choice(factor) = *above;
      if (count() && limits.use(required_) <= target) {
        moved = true;
      } else {
        choice(factor) = before;
        required_ = kept;
      }
    }
    if (!moved) return;
  }
}

bool WidthSolver::solve(const WidthEnds& ends, spec::Random& random) {
  const Limits& limits = model_->limits();
  const double drawn = random.uniform();
  if (!limits.has_ceiling()) {
    if (try_unscaled()) return true;
    fill(1, 0, random);
    return limits.met(required_);
  }
  const double lowest = std::max(limits.least_use(), std::min(1.0, ends.use_smallest));
  const double highest = std::max(lowest, std::min(1.0, ends.use_largest));
  const double target = lowest + (highest - lowest) * drawn;
  scale_to(target, ends);
  bend_to_floors(target, ends);
  if (limits.floor_share(required_) < kFillable) return false;
  fill(target, std::max(limits.band().any, target - kCloseEnough), random);
  if (!limits.met(required_)) fill(1, limits.band().any, random);
  return limits.met(required_);
}

}  // namespace atto::gen
