#pragma once
// The precision P of a normal distribution over many weights, seen through few observations: a
// diagonal D and an outer product Z Z^T. Where observations are fewer than weights, what is asked
// of it costs weights * observations^2, not weights^3: P^-1 by Woodbury's identity, and the
// Cholesky factor P = L L^T without writing it down, for below its diagonal it is Z times a matrix.

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <functional>

namespace atto::gen {

/// Called between the parts of long work; may throw.
using Poll = std::function<void()>;

class Precision {
 public:
  /// P = diag(`diagonal`) + `outer`^T `outer`, where `outer` is Z^T [observation, weight].
  void set(Eigen::VectorXd diagonal, Eigen::MatrixXd outer, const Poll& poll);

  /// Returns P^-1 b.
  Eigen::VectorXd solve(const Eigen::VectorXd& b) const;
  /// Returns the diagonal of P^-1.
  Eigen::VectorXd diagonal_of_inverse(const Poll& poll) const;
  /// Returns z^T P^-1 z of every column z of Z.
  Eigen::VectorXd variances_of_observations() const;
  /// Returns c^T P^-1 c of every column c.
  Eigen::VectorXd variances(const Eigen::MatrixXd& columns) const;

 private:
  friend class PrecisionFactor;
  bool is_wide() const { return outer_.rows() < outer_.cols(); }

  Eigen::VectorXd diagonal_;
  Eigen::MatrixXd outer_;
  Eigen::LLT<Eigen::MatrixXd> dense_;  ///< of P, where it is not wide
  Eigen::MatrixXd half_;               ///< M, lower, with M^T M = (I + Z^T D^-1 Z)^-1
};

/// The Cholesky factor L of a precision, which must outlive it.
class PrecisionFactor {
 public:
  PrecisionFactor(const Precision& precision, const Poll& poll);
  /// Returns L^-T z: of a standard normal z, a draw from N(0, P^-1).
  Eigen::VectorXd draw(const Eigen::VectorXd& z) const;

 private:
  const Precision& precision_;
  Eigen::MatrixXd below_;   ///< L[i, j] = Z[i] below_[:, j] below the blocks on the diagonal
  Eigen::MatrixXd blocks_;  ///< these blocks, side by side
};

}  // namespace atto::gen
