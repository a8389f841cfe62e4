#pragma once
// The tasks that networks are trained for, as specs, searches and ledgers know them: a name and the
// scores that a judge gives. Nothing above this file names a score of its own.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atto::spec {

enum class Unit : std::uint8_t {
  ImageShare,  ///< of the judged images, each right or wrong: a binomial proportion, in percent
  Share,       ///< another fraction, in percent
  Number,      ///< as it is
};

enum class Better : std::uint8_t { More, Less };

/// One figure of a trained network on images that it was not trained on.
struct Score {
  std::string name;      ///< in specs, ledgers and JSON: "top1"
  std::string label;     ///< for people: "top-1"
  std::string quantity;  ///< what it tells, in a sentence: "accuracy"
  Unit unit = Unit::Number;
  Better better = Better::More;
  double low = 0, high = 1;  ///< of all its values; finite
  bool is_goal = false;      ///< people may require and maximise it

  friend bool operator==(const Score&, const Score&) = default;
};

/// How much better than the worst that the score can be: 0 is what a lost network counts as, and
/// more is better whatever the direction.
double gain_of(const Score& score, double value);
double best_of(const Score& score);
/// Returns a value for people, without its unit: "65.20" of a share, "0.1234" of a number.
std::string shown(const Score& score, double value);
/// " %" of a share, "" of a number.
std::string_view unit_text(const Score& score);
/// What shown() multiplies by.
double scale_of(const Score& score);

/// What a task says of a picture.
enum class Subject : std::uint8_t {
  Picture,  ///< of the whole
  Boxes,    ///< of the objects in it: where and what they are
  Masks,    ///< and which pixels are theirs
};

struct TaskKind {
  std::string name;
  std::vector<Score> scores;  ///< the first is a goal: what ranks designs unless the spec says else
  Subject subject = Subject::Picture;

  bool finds_objects() const { return subject != Subject::Picture; }
  const Score& main_score() const { return scores.front(); }
  /// Null where there is no goal of that name.
  const Score* find_goal(std::string_view score) const;

  friend bool operator==(const TaskKind&, const TaskKind&) = default;
};

/// Every task there is, a row each; the first is meant where a spec names none.
const std::vector<TaskKind>& task_kinds();
/// Returns the kinds that have the key as a goal or a setting, as people write them: "kind
/// detection or instance_segmentation"; "" where none has.
std::string kinds_with(std::string_view key);

/// Scores of one network by name; what was not judged is absent.
using ScoreValues = std::map<std::string, double, std::less<>>;
std::optional<double> find_value(const ScoreValues& values, std::string_view score);

}  // namespace atto::spec
