// The precision of many weights, against the same matrix written down.
#include "generator/learning/precision.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "design_specs/seeds/random.hpp"

using namespace atto;
using namespace atto::gen;
using Eigen::MatrixXd, Eigen::VectorXd;

namespace {

MatrixXd drawn(Eigen::Index rows, Eigen::Index columns, spec::Random& random) {
  return MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

}  // namespace

TEST_CASE("A precision seen through few observations is the one that is written down") {
  for (const auto& [observations, weights] :
       {std::pair<Eigen::Index, Eigen::Index>{3, 5}, {64, 65}, {40, 130}, {150, 700}, {1, 64}}) {
    CAPTURE(observations, weights);
    spec::Random random(spec::derive_seed({std::uint64_t(observations), std::uint64_t(weights)}));
    const MatrixXd outer = drawn(observations, weights, random);
    const VectorXd diagonal = drawn(weights, 1, random).cwiseAbs().array() + 0.01;
    MatrixXd written = outer.transpose() * outer;
    written.diagonal() += diagonal;
    const MatrixXd inverse = written.inverse();

    Precision precision;
    int polls = 0;
    const Poll poll = [&] { ++polls; };
    precision.set(diagonal, outer, poll);
    const VectorXd b = drawn(weights, 1, random);
    CHECK((precision.solve(b) - inverse * b).norm() < 1e-8 * (inverse * b).norm());
    CHECK((precision.diagonal_of_inverse(poll) - inverse.diagonal()).cwiseAbs().maxCoeff() < 1e-8);
    const VectorXd own = (outer * inverse * outer.transpose()).diagonal();
    CHECK((precision.variances_of_observations() - own).cwiseAbs().maxCoeff() < 1e-8);
    MatrixXd contrasts = MatrixXd::Zero(weights, 3);
    contrasts(0, 0) = contrasts(weights - 1, 1) = 1, contrasts(weights / 2, 1) = -2;
    contrasts.col(2) = b;
    const VectorXd variances = (contrasts.transpose() * inverse * contrasts).diagonal();
    CHECK((precision.variances(contrasts) - variances).cwiseAbs().maxCoeff() <
          1e-8 * variances.maxCoeff());
    const VectorXd draw = PrecisionFactor(precision, poll).draw(b);
    const VectorXd same = written.llt().matrixU().solve(b);
    CHECK((draw - same).norm() < 1e-8 * same.norm());
    CHECK(polls > 3);
  }
}

TEST_CASE("Long work on a precision can be left half-way") {
  spec::Random random(1);
  const MatrixXd outer = drawn(20, 2000, random);
  int left = 3;
  const Poll poll = [&] {
    if (--left == 0) throw std::runtime_error("stop");
  };
  Precision precision;
  CHECK_THROWS_AS(precision.set(VectorXd::Ones(2000), outer, poll), std::runtime_error);
}
