#!/bin/sh
# Makes the data set imagenet50 of an ImageNet folder: a folder of links to its images of 50 classes, in a moment and a
# few MB. The images are scaled when they are read, to task.resolution, so the same folder serves every resolution.
# Usage: scripts/make_imagenet50.sh IMAGENET [--dir DIR]      (DIR/imagenet50; data unless given)
# IMAGENET holds train/WNID/*.JPEG and val/WNID/*.JPEG, as most tools lay it out; Tiny ImageNet's val/images with
# val_annotations.txt is understood too. The paper's 50 classes are not public: these are a random pick among the
# classes of Tiny ImageNet.
set -eu

classes='
n01629819 n01945685 n01950731 n02056570 n02058221 n02094433 n02099712 n02124075 n02226429 n02395406
n02415577 n02437312 n02486410 n02504458 n02509815 n02730930 n02802426 n02808440 n02917067 n02950826
n02963159 n02977058 n02999410 n03089624 n03544143 n03584254 n03599486 n03637318 n03706229 n03796401
n03891332 n03992509 n04008634 n04099969 n04251144 n04311004 n04328186 n04356056 n04366367 n04417672
n04456115 n04465501 n04562935 n04597913 n07579787 n07715103 n07768694 n07873807 n07875152 n09428293
'
from='' dir=data
while [ $# -gt 0 ]; do
  case "$1" in
    --dir) [ $# -gt 1 ] || { echo "make_imagenet50: --dir needs a folder" >&2; exit 2; }
           dir=$2; shift ;;
    -h|--help) sed -n '2,7s/^# //p' "$0"; exit 0 ;;
    *) [ -z "$from" ] || { echo "make_imagenet50: one folder at a time; got $1" >&2; exit 2; }
       from=$1 ;;
  esac
  shift
done
[ -n "$from" ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }
[ -d "$from" ] || { echo "make_imagenet50: no such folder: $from" >&2; exit 4; }
from=$(cd "$from" && pwd)
out=$dir/imagenet50
[ ! -e "$out" ] || { echo "make_imagenet50: $out is there already; move it away to make it again" >&2; exit 2; }
missing=''
for class in $classes; do
  [ -d "$from/train/$class" ] || missing="$missing $class"
done
[ -z "$missing" ] || { echo "make_imagenet50: $from/train lacks$missing" >&2; exit 4; }

partial=$out.partial
rm -rf "$partial"
mkdir -p "$partial"
for class in $classes; do
  mkdir -p "$partial/train/$class" "$partial/val/$class"
  # Tiny ImageNet keeps the images of a class one folder deeper.
  find "$from/train/$class" -type f -iname '*.jp*g' -exec ln -s -t "$partial/train/$class" {} +
  [ ! -d "$from/val/$class" ] || find "$from/val/$class" -type f -iname '*.jp*g' -exec ln -s -t "$partial/val/$class" {} +
done
if [ -f "$from/val/val_annotations.txt" ]; then
  while read -r image class rest; do
    [ ! -d "$partial/val/$class" ] || ln -s -t "$partial/val/$class" "$from/val/images/$image"
  done < "$from/val/val_annotations.txt"
fi
for class in $classes; do
  for split in train val; do
    [ -n "$(ls "$partial/$split/$class")" ] || {
      echo "make_imagenet50: $from/$split has no images of $class; ImageNet's flat val folder must be sorted into" \
           "folders of classes first" >&2
      rm -rf "$partial"
      exit 4
    }
  done
done
mv "$partial" "$out"
echo "$out: $(find "$out/train" -type l | wc -l) training and $(find "$out/val" -type l | wc -l) test images of 50 classes"
