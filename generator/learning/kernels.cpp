#include "generator/learning/kernels.hpp"

#include <algorithm>
#include <utility>

namespace atto::gen {
namespace {

using Eigen::Index, Eigen::MatrixXd;

constexpr Index kPollColumns = 64;

template <class Use>
void for_columns(Index size, const Poll& poll, Use&& use) {
  for (Index at = 0; at < size; ++at) {
    if (at % kPollColumns == 0) poll();
    use(at);
  }
}

}  // namespace

Kernels::Kernels(int sparse_groups, int early_group, int groups)
    : early_group_(static_cast<std::size_t>(early_group)),
      groups_(static_cast<std::size_t>(groups)),
      products_(static_cast<std::size_t>(sparse_groups)) {}

void Kernels::add(std::vector<std::pair<std::int32_t, double>> said,
                  const std::vector<int>& groups) {
  std::vector<double> own(groups.size());
  for (const auto& [number, value] : said) own[static_cast<std::size_t>(number)] += value;
  designs_.push_back(std::move(said));
  std::vector<double> sums(products_.size());
  for (const auto& other : designs_) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (const auto& [number, value] : other) {
      const auto at = static_cast<std::size_t>(number);
      sums[static_cast<std::size_t>(groups[at])] += value * own[at];
    }
    for (std::size_t g = 0; g < sums.size(); ++g) products_[g].push_back(sums[g]);
  }
}

void Kernels::observe(std::vector<Seen> observations, std::vector<DenseGroup> dense) {
  seen_ = std::move(observations);
  dense_ = std::move(dense);
}

MatrixXd Kernels::sum(const std::vector<double>& variances, const Poll& poll) const {
  const auto designs = static_cast<Index>(designs_.size());
  // Of designs, in the later one's column.
  MatrixXd plain = MatrixXd::Zero(designs, designs), early = plain;
  for (const DenseGroup& group : dense_) {
    const MatrixXd product = group.columns * group.columns.transpose();
    plain += variances[group.group] * product;
    if (group.early_group) early += variances[*group.early_group] * product;
  }
  for_columns(designs, poll, [&](Index a) {
    for (std::size_t g = 0; g < products_.size(); ++g) {
      plain.col(a).head(a + 1) += variances[g] * products(g, a);
      early.col(a).head(a + 1) += variances[early_group_] * products(g, a);
    }
  });
  const auto count = static_cast<Index>(seen_.size());
  MatrixXd sum(count, count);
  for_columns(count, poll, [&](Index i) {
    const Seen& later = seen_[static_cast<std::size_t>(i)];
    for (Index j = 0; j <= i; ++j) {
      const Seen& other = seen_[static_cast<std::size_t>(j)];
      sum(j, i) = plain(other.design, later.design) +
                  later.early * other.early * early(other.design, later.design);
    }
  });
  sum.triangularView<Eigen::StrictlyLower>() = sum.transpose();
  return sum;
}

std::vector<double> Kernels::traces(const MatrixXd& matrix, const Poll& poll) const {
  const auto designs = static_cast<Index>(designs_.size()),
             count = static_cast<Index>(seen_.size());
  MatrixXd plain = MatrixXd::Zero(designs, designs), early = plain;
  for_columns(count, poll, [&](Index j) {
    const Seen& other = seen_[static_cast<std::size_t>(j)];
    for (Index i = j; i < count; ++i) {
      const Seen& later = seen_[static_cast<std::size_t>(i)];
      const double twice = (i == j ? 1 : 2) * matrix(i, j);
      plain(other.design, later.design) += twice;
      early(other.design, later.design) += later.early * other.early * twice;
    }
  });
  std::vector<double> traces(groups_);
  for_columns(designs, poll, [&](Index a) {
    for (std::size_t g = 0; g < products_.size(); ++g) {
      traces[g] += plain.col(a).head(a + 1).dot(products(g, a));
      traces[early_group_] += early.col(a).head(a + 1).dot(products(g, a));
    }
  });
  for (const DenseGroup& group : dense_) {
    const auto of = [&](const MatrixXd& sums) {
      return (sums * group.columns).cwiseProduct(group.columns).sum();
    };
    traces[group.group] += of(plain);
    if (group.early_group) traces[*group.early_group] += of(early);
  }
  return traces;
}

}  // namespace atto::gen
