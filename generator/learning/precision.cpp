#include "generator/learning/precision.hpp"

#include <Eigen/SparseCore>
#include <algorithm>
#include <utility>

namespace atto::gen {
namespace {

using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

constexpr Index kBlock = 64, kWideBlock = 512;  ///< columns between two polls

template <class Use>
void for_blocks(Index size, Index block, const Poll& poll, Use&& use) {
  for (Index at = 0; at < size; at += block) {
    poll();
    use(at, std::min(block, size - at));
  }
}

/// Replaces the lower half of a positive definite matrix by its Cholesky factor.
void factorise(MatrixXd& matrix, const Poll& poll) {
  for_blocks(matrix.rows(), kBlock, poll, [&](Index at, Index count) {
    const Index rest = matrix.rows() - at - count;
    const Eigen::LLT<MatrixXd> corner(matrix.block(at, at, count, count));
    matrix.block(at, at, count, count) = corner.matrixL();
    auto below = matrix.block(at + count, at, rest, count);
    corner.matrixU().solveInPlace<Eigen::OnTheRight>(below);
    matrix.bottomRightCorner(rest, rest).selfadjointView<Eigen::Lower>().rankUpdate(below, -1);
  });
}

/// Returns the inverse of a lower triangular matrix.
MatrixXd inverse_of(const MatrixXd& lower, const Poll& poll) {
  MatrixXd inverse = MatrixXd::Zero(lower.rows(), lower.cols());
  for_blocks(lower.cols(), kBlock, poll, [&](Index at, Index count) {
    const Index rest = lower.rows() - at;
    auto columns = inverse.block(at, at, rest, count);
    columns.setIdentity();
    lower.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>().solveInPlace(columns);
  });
  return inverse;
}

}  // namespace

void Precision::set(VectorXd diagonal, MatrixXd outer, const Poll& poll) {
  diagonal_ = std::move(diagonal);
  outer_ = std::move(outer);
  if (!is_wide()) {
    MatrixXd precision = MatrixXd::Zero(outer_.cols(), outer_.cols());
    precision.selfadjointView<Eigen::Lower>().rankUpdate(outer_.transpose());
    precision.diagonal() += diagonal_;
    poll();
    dense_.compute(precision.selfadjointView<Eigen::Lower>());
    return;
  }
  MatrixXd inner = MatrixXd::Identity(outer_.rows(), outer_.rows());
  for_blocks(outer_.cols(), kWideBlock, poll, [&](Index at, Index count) {
    inner.selfadjointView<Eigen::Lower>().rankUpdate(
        outer_.middleCols(at, count) *
        diagonal_.segment(at, count).cwiseInverse().cwiseSqrt().asDiagonal());
  });
  factorise(inner, poll);
  half_ = inverse_of(inner, poll);
}

VectorXd Precision::solve(const VectorXd& b) const {
  if (!is_wide()) return dense_.solve(b);
  const VectorXd scaled = b.cwiseQuotient(diagonal_);
  const auto half = half_.triangularView<Eigen::Lower>();
  const VectorXd seen = half.transpose() * VectorXd(half * VectorXd(outer_ * scaled));
  return scaled - (outer_.transpose() * seen).cwiseQuotient(diagonal_);
}

VectorXd Precision::diagonal_of_inverse(const Poll& poll) const {
  VectorXd spread(diagonal_.size());
  if (!is_wide()) {
    // Rows of the inverse factor: the covariance is half^T half.
    const MatrixXd half = dense_.matrixL().solve(MatrixXd::Identity(spread.size(), spread.size()));
    return half.colwise().squaredNorm();
  }
  for_blocks(spread.size(), kWideBlock, poll, [&](Index at, Index count) {
    const MatrixXd half = half_.triangularView<Eigen::Lower>() * outer_.middleCols(at, count);
    const auto variances = diagonal_.segment(at, count).cwiseInverse();
    spread.segment(at, count) =
        variances - half.colwise().squaredNorm().transpose().cwiseProduct(variances.cwiseAbs2());
  });
  return spread;
}

VectorXd Precision::variances_of_observations() const {
  if (!is_wide()) return variances(outer_.transpose());
  return (1 - half_.colwise().squaredNorm().transpose().array()).cwiseMax(0);
}

VectorXd Precision::variances(const MatrixXd& columns) const {
  if (!is_wide()) {
    const MatrixXd half = dense_.matrixL().solve(columns);
    return half.colwise().squaredNorm();
  }
  // Contrasts name few of the weights.
  const Eigen::SparseMatrix<double> few = columns.sparseView();
  const Eigen::SparseMatrix<double> scaled = diagonal_.cwiseInverse().asDiagonal() * few;
  const MatrixXd seen = outer_ * scaled;
  const MatrixXd half = half_.triangularView<Eigen::Lower>() * seen;
  VectorXd variances = -half.colwise().squaredNorm();
  for (Index c = 0; c < columns.cols(); ++c) variances[c] += few.col(c).dot(scaled.col(c));
  return variances.cwiseMax(0);
}

PrecisionFactor::PrecisionFactor(const Precision& precision, const Poll& poll)
    : precision_(precision) {
  if (!precision.is_wide()) return;
  const MatrixXd& outer = precision.outer_;
  below_.resize(outer.rows(), outer.cols());
  blocks_.resize(kBlock, outer.cols());
  // What is left of P after the columns before: D + Z inner Z^T.
  MatrixXd inner = MatrixXd::Identity(outer.rows(), outer.rows());
  for_blocks(outer.cols(), kBlock, poll, [&](Index at, Index count) {
    auto below = below_.middleCols(at, count);
    below.noalias() = inner.selfadjointView<Eigen::Lower>() * outer.middleCols(at, count);
    MatrixXd corner = outer.middleCols(at, count).transpose() * below;
    corner.diagonal() += precision.diagonal_.segment(at, count);
    const Eigen::LLT<MatrixXd> factor(corner);
    blocks_.block(0, at, count, count) = factor.matrixL();
    factor.matrixU().solveInPlace<Eigen::OnTheRight>(below);
    inner.selfadjointView<Eigen::Lower>().rankUpdate(below, -1);
  });
}

VectorXd PrecisionFactor::draw(const VectorXd& z) const {
  if (!precision_.is_wide()) return precision_.dense_.matrixU().solve(z);
  VectorXd drawn(z.size()), seen = VectorXd::Zero(below_.rows());
  for (Index at = (z.size() - 1) / kBlock * kBlock; at >= 0; at -= kBlock) {
    const Index count = std::min(kBlock, z.size() - at);
    auto part = drawn.segment(at, count);
    part = z.segment(at, count) - below_.middleCols(at, count).transpose() * seen;
    blocks_.block(0, at, count, count)
        .triangularView<Eigen::Lower>()
        .transpose()
        .solveInPlace(part);
    seen += precision_.outer_.middleCols(at, count) * part;
  }
  return drawn;
}

}  // namespace atto::gen
