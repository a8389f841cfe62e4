#include "trainer/data/instances/coco_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "trainer/data/images/image_decoding.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "instances_", kSuffix = ".json";
constexpr std::array<std::string_view, 3> kFileSplits = {"train", "val", "test"};

/// A file of annotations: "instances_train2017.json" is of the split 0 and the part "train2017".
struct SplitFile {
  fs::path file;
  std::string part;
};

/// Returns the files of each split in a folder.
std::array<std::vector<SplitFile>, 3> split_files(const fs::path& folder) {
  std::array<std::vector<SplitFile>, 3> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string part =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    for (std::size_t split = 0; split < files.size(); ++split) {
      const bool is_its =
          part.starts_with(kFileSplits[split]) &&
          part.find_first_not_of("0123456789", kFileSplits[split].size()) == part.npos;
      if (is_its) files[split].push_back({entry->path(), part});
    }
  }
  return files;
}

bool has_split(const fs::path& folder) {
  const auto files = split_files(folder);
  return std::any_of(files.begin(), files.end(), [](const auto& list) { return !list.empty(); });
}

fs::path annotation_folder(const fs::path& folder) {
  return has_split(folder) ? folder : folder / "annotations";
}

/// Pictures of a file of annotations, and the objects of each.
struct Part {
  std::string name;  ///< "train2017"
  det::Annotations annotations;
  std::vector<std::vector<std::size_t>> objects;  ///< a list of indices for each picture
};

/// One picture of a split.
struct Member {
  const Part* part = nullptr;
  std::size_t picture = 0;
};

bool is_below(const fs::path& path) {
  return !path.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& step) { return step == ".."; });
}

class CocoFolder : public InstanceSet {
 public:
  CocoFolder(const std::string& name, const fs::path& folder, bool is_by_path) {
    info_.name = name;
    info_.is_by_path = is_by_path;
    info_.folder = folder;
    std::uint64_t digest = 0;
    const auto files = split_files(annotation_folder(folder));
    for (std::size_t split = 0; split < files.size(); ++split) {
      if (files[split].size() > 1) refuse_two(files[split]);
      if (!files[split].empty()) digest = read(split, files[split].front(), digest);
    }
    if (members_[0].empty())
      throw EnvironmentError("instances: " + folder.string() +
                             ": has no pictures to train on; wants " +
                             (annotation_folder(folder) / "instances_train.json").string());
    info_.digest = fmt::format("{:016x}", digest);
    settle_splits();
  }

  std::size_t pictures(Split split) const override { return members(split).size(); }

  InstancePicture picture(Split split, std::size_t index) const override {
    const Member& member = members(split).at(index);
    const det::Picture& said = member.part->annotations.pictures[member.picture];
    InstancePicture picture = decoded(file_of(*member.part, said), said);
    for (const std::size_t object : member.part->objects[member.picture]) {
      picture.objects.push_back(member.part->annotations.objects[object]);
      picture.objects.back().picture = 0;
    }
    std::erase_if(picture.objects, [&](const det::Annotation& object) {
      return !is_learnable(object, said.height, said.width);
    });
    return picture;
  }

  std::vector<std::string> missing() const override {
    std::vector<std::string> sentences;
    for (std::size_t split = 0; split < members_.size(); ++split) {
      std::size_t count = 0;
      fs::path first;
      for (const Member& member : members_[split]) {
        const fs::path file =
            file_of(*member.part, member.part->annotations.pictures[member.picture]);
        std::error_code ignored;
        if (!fs::exists(file, ignored) && count++ == 0) first = file;
      }
      if (count > 0)
        sentences.push_back(fmt::format("{} of {} pictures of {} have no file, the first is {}",
                                        count, members_[split].size(), kSplitNames[split],
                                        first.string()));
    }
    return sentences;
  }

  det::Annotations annotations(Split split) const override {
    det::Annotations all;
    all.categories = info_.categories;
    for (const Member& member : members(split)) {
      const int number = static_cast<int>(all.pictures.size());
      all.pictures.push_back(member.part->annotations.pictures[member.picture]);
      for (const std::size_t object : member.part->objects[member.picture]) {
        all.objects.push_back(member.part->annotations.objects[object]);
        all.objects.back().picture = number;
      }
    }
    return all;
  }

 private:
  const std::vector<Member>& members(Split split) const {
    return members_[static_cast<std::size_t>(split)];
  }

  [[noreturn]] static void refuse_two(const std::vector<SplitFile>& files) {
    throw EnvironmentError("instances: a split must have one file of annotations; got " +
                           files[0].file.string() + " and " + files[1].file.string());
  }

  std::uint64_t read(std::size_t split, const SplitFile& from, std::uint64_t digest) {
    const std::string text = spec::read_file(from.file, std::size_t{1} << 30);
    Part part{from.part, det::read_annotations(text, from.file.string()), {}};
    const auto same = [](const det::Category& a, const det::Category& b) {
      return a.id == b.id && a.name == b.name;
    };
    const auto& own = part.annotations.categories;
    if (info_.categories.empty()) info_.categories = own;
    if (!std::equal(own.begin(), own.end(), info_.categories.begin(), info_.categories.end(), same))
      throw EnvironmentError("instances: " + from.file.string() +
                             ": must have the categories of the other splits");
    part.objects.resize(part.annotations.pictures.size());
    for (std::size_t i = 0; i < part.annotations.objects.size(); ++i)
      part.objects[static_cast<std::size_t>(part.annotations.objects[i].picture)].push_back(i);
    parts_[split] = std::make_unique<Part>(std::move(part));
    for (std::size_t i = 0; i < parts_[split]->objects.size(); ++i)
      members_[split].push_back({parts_[split].get(), i});
    return spec::derive_seed({digest, split, spec::hash_bytes(text)});
  }

  /// Makes up the splits that are not there.
  void settle_splits() {
    auto& [train, validation, test] = members_;
    if (validation.empty() && test.empty()) {
      test = carved(1, "kept for testing");
    } else if (test.empty()) {
      test = std::move(validation);
      validation.clear();
      info_.notes.push_back(
          "no test split: val is what is tested on, and validation is carved from train");
    }
    if (validation.empty()) validation = carved(2, "kept for validation");
  }

  /// Moves a tenth of the training pictures, one at least where there are three; which ones depends
  /// on their ids alone.
  std::vector<Member> carved(std::uint64_t what, const char* why) {
    std::vector<Member>& train = members_[0];
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < train.size(); ++i)
      order.emplace_back(
          spec::derive_seed({what, static_cast<std::uint64_t>(
                                       train[i].part->annotations.pictures[train[i].picture].id)}),
          i);
    std::sort(order.begin(), order.end());
    const std::size_t count = train.size() < 3 ? 0 : std::max<std::size_t>(1, train.size() / 10);
    std::vector<bool> is_taken(train.size());
    for (std::size_t i = 0; i < count; ++i) is_taken[order[i].second] = true;
    std::vector<Member> taken, kept;
    for (std::size_t i = 0; i < train.size(); ++i) (is_taken[i] ? taken : kept).push_back(train[i]);
    train = std::move(kept);
    info_.notes.push_back(fmt::format("{} pictures of train are {}", count, why));
    return taken;
  }

  fs::path file_of(const Part& part, const det::Picture& picture) const {
    const fs::path name = picture.file;
    if (!is_below(name))
      throw EnvironmentError(
          fmt::format("instances: {}: picture {}: file_name must be a path below the "
                      "folder of pictures; got {}",
                      info_.folder.string(), picture.id, picture.file));
    const fs::path places[] = {info_.folder / "images" / name, info_.folder / part.name / name,
                               info_.folder / "images" / part.name / name, info_.folder / name};
    std::error_code ignored;
    for (const fs::path& place : places)
      if (fs::exists(place, ignored)) return place;
    return places[0];
  }

  static InstancePicture decoded(const fs::path& file, const det::Picture& said) {
    DecodedImage image = decode_image(file);
    if (!image.fault.empty())
      throw EnvironmentError("instances: " + file.string() + ": " + image.fault);
    if (image.height != said.height || image.width != said.width)
      throw EnvironmentError(
          fmt::format("instances: {}: must be {} x {} pixels (height x width), as its "
                      "annotations say; got {} x {}",
                      file.string(), said.height, said.width, image.height, image.width));
    return in_colours(image);
  }

  /// As grey or in colour; boxes are in the file's own rows and columns, so that a turn that it
  /// asks for is not made.
  static InstancePicture in_colours(const DecodedImage& image) {
    const image::PixelShape shape{image.format == image::Format::Grey ? 1 : 3, image.height,
                                  image.width};
    InstancePicture picture{image.height, image.width, shape.channels, {}, {}};
    picture.pixels.resize(static_cast<std::size_t>(image.height) *
                          static_cast<std::size_t>(image.width) *
                          static_cast<std::size_t>(shape.channels));
    image::Picture upright = image.picture();
    upright.orientation = 1;
    image::make_pixels(upright, shape, picture.pixels.data());
    return picture;
  }

  std::array<std::unique_ptr<Part>, 3> parts_;
  std::array<std::vector<Member>, 3> members_;
};

}  // namespace

bool is_instance_folder(const fs::path& folder) {
  return has_split(folder) || has_split(folder / "annotations");
}

std::unique_ptr<InstanceSet> open_coco_folder(const std::string& name, const fs::path& folder,
                                              bool is_by_path) {
  return std::make_unique<CocoFolder>(name, folder, is_by_path);
}

}  // namespace atto::train
