#include "generator/learning/precision.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <utility>

namespace atto::gen {
namespace {

using Eigen::Index, Eigen::Lower, Eigen::MatrixXd, Eigen::VectorXd;

constexpr Index kBlock = 64;  ///< columns between two polls

template <class Use>
void for_blocks(Index size, const Poll& poll, Use&& use) {
  for (Index at = 0; at < size; at += kBlock) {
    poll();
    use(at, std::min(kBlock, size - at));
  }
}

/// Replaces the lower half of a positive definite matrix by its Cholesky factor.
void factorise(MatrixXd& matrix, const Poll& poll) {
  for_blocks(matrix.rows(), poll, [&](Index at, Index count) {
    const Index rest = matrix.rows() - at - count;
    const Eigen::LLT<MatrixXd> corner(matrix.block(at, at, count, count));
    matrix.block(at, at, count, count) = corner.matrixL();
    auto below = matrix.block(at + count, at, rest, count);
    corner.matrixU().solveInPlace<Eigen::OnTheRight>(below);
    matrix.bottomRightCorner(rest, rest).selfadjointView<Lower>().rankUpdate(below, -1);
  });
}

}  // namespace

MatrixXd Outer::seen(const MatrixXd& weights) const {
  MatrixXd seen = rows * weights;
  seen.rowwise() -= centre.transpose() * weights;
  return scale.asDiagonal() * seen;
}

MatrixXd Outer::told(const MatrixXd& observations) const {
  const MatrixXd scaled = scale.asDiagonal() * observations;
  MatrixXd told = rows.transpose() * scaled;
  told.noalias() -= centre * scaled.colwise().sum();
  return told;
}

void Precision::set(VectorXd variances, Outer outer, MatrixXd inner, const Poll& poll) {
  variances_ = std::move(variances);
  outer_ = std::move(outer);
  factor_ = std::move(inner);
  factorise(factor_, poll);
}

VectorXd Precision::answer(const VectorXd& observations) const {
  // P^-1 Z = D^-1 Z K^-1.
  const auto lower = factor_.triangularView<Lower>();
  const VectorXd weighed = lower.transpose().solve(lower.solve(observations));
  return variances_.cwiseProduct(outer_.told(weighed));
}

MatrixXd Precision::inner_inverse(const Poll& poll) const {
  const Index size = factor_.rows();
  MatrixXd half = MatrixXd::Zero(size, size), inverse(size, size);
  for_blocks(size, poll, [&](Index at, Index count) {
    auto columns = half.block(at, at, size - at, count);
    columns.setIdentity();
    factor_.bottomRightCorner(size - at, size - at).triangularView<Lower>().solveInPlace(columns);
  });
  for_blocks(size, poll, [&](Index at, Index count) {
    const Index rest = size - at;
    inverse.block(at, at, rest, count).noalias() =
        half.bottomRightCorner(rest, rest).triangularView<Lower>().transpose() *
        half.block(at, at, rest, count);
  });
  return inverse;
}

VectorXd Precision::variances(const MatrixXd& columns) const {
  // Contrasts name few of the weights.
  const Eigen::SparseMatrix<double> few = columns.sparseView();
  const Eigen::SparseMatrix<double> scaled = variances_.asDiagonal() * few;
  MatrixXd half = outer_.rows * scaled;
  half.rowwise() -= Eigen::RowVectorXd(outer_.centre.transpose() * scaled);
  half = outer_.scale.asDiagonal() * half;
  factor_.triangularView<Lower>().solveInPlace(half);
  VectorXd variances = -half.colwise().squaredNorm();
  for (Index c = 0; c < columns.cols(); ++c) variances[c] += few.col(c).dot(scaled.col(c));
  return variances.cwiseMax(0);
}

MatrixXd Precision::draws(const MatrixXd& weights, const MatrixXd& observations) const {
  MatrixXd drawn = variances_.cwiseSqrt().asDiagonal() * weights;
  MatrixXd seen = outer_.seen(drawn) + observations;
  const auto lower = factor_.triangularView<Lower>();
  lower.solveInPlace(seen);
  lower.transpose().solveInPlace(seen);
  drawn -= variances_.asDiagonal() * outer_.told(seen);
  return drawn;
}

}  // namespace atto::gen
