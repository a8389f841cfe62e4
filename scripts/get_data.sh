#!/bin/sh
# Downloads data sets from their official sites into data/ (or --dir), checks sizes and checksums, unpacks.
# An interrupted download goes on where it stopped. Does nothing for a data set that is already there.
# Usage: scripts/get_data.sh [--dir DIR] [cifar10] [cifar100] [fashion_mnist]      (none named: all)
# ATTO_CIFAR_URL and ATTO_FASHION_URL name mirrors of https://www.cs.toronto.edu/~kriz and
# http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
set -eu

dir=data
sets=
while [ $# -gt 0 ]; do
  case "$1" in
    --dir) [ $# -gt 1 ] || { echo "get_data: --dir needs a folder" >&2; exit 2; }
           dir=$2; shift ;;
    cifar10|cifar100|fashion_mnist) sets="$sets $1" ;;
    -h|--help) sed -n '2,6s/^# //p' "$0"; exit 0 ;;
    *) echo "get_data: unknown data set; got $1" >&2; exit 2 ;;
  esac
  shift
done
[ -n "$sets" ] || sets="cifar10 cifar100 fashion_mnist"
cifar_url=${ATTO_CIFAR_URL:-https://www.cs.toronto.edu/~kriz}
fashion_url=${ATTO_FASHION_URL:-http://fashion-mnist.s3-website.eu-central-1.amazonaws.com}

for tool in curl md5sum tar; do
  command -v "$tool" >/dev/null || { echo "get_data: $tool is not installed; apt-get install curl coreutils tar" >&2; exit 4; }
done
mkdir -p "$dir"

# is_good FILE BYTES MD5
is_good() {
  [ -f "$1" ] && [ "$(stat -c %s "$1")" -eq "$2" ] && [ "$(md5sum < "$1" | cut -d' ' -f1)" = "$3" ]
}

# fetch URL FILE BYTES MD5: FILE is there and right afterwards, or the script ends.
fetch() {
  if is_good "$2" "$3" "$4"; then return; fi
  if [ -f "$2.part" ] && [ "$(stat -c %s "$2.part")" -ge "$3" ]; then rm -f "$2.part"; fi
  echo "getting $1 ($(($3 / 1000000)) MB)" >&2
  # curl's 33 says that the server cannot resume: start again.
  status=0
  curl -fL --retry 3 --connect-timeout 30 -C - -o "$2.part" "$1" || status=$?
  if [ $status -eq 33 ]; then
    rm -f "$2.part"
    status=0
    curl -fL --retry 3 --connect-timeout 30 -o "$2.part" "$1" || status=$?
  fi
  if [ $status -ne 0 ]; then
    echo "get_data: download failed (curl $status); the same command goes on from here: $1" >&2
    exit 4
  fi
  if ! is_good "$2.part" "$3" "$4"; then
    echo "get_data: must have $3 bytes and md5 $4; got $(stat -c %s "$2.part") and $(md5sum < "$2.part" | cut -d' ' -f1): $2.part" >&2
    rm -f "$2.part"
    exit 4
  fi
  mv "$2.part" "$2"
}

# get_archive NAME FOLDER WITNESS ARCHIVE BYTES MD5
get_archive() {
  if [ -f "$dir/$2/$3" ]; then echo "$1: already in $dir/$2"; return; fi
  fetch "$cifar_url/$4" "$dir/$4" "$5" "$6"
  # Unpacked beside and moved: a folder that is there is whole.
  rm -rf "$dir/$2.unpacking"
  mkdir "$dir/$2.unpacking"
  tar -xzf "$dir/$4" -C "$dir/$2.unpacking"
  rm -rf "${dir:?}/$2"
  mv "$dir/$2.unpacking/$2" "$dir/$2"
  rmdir "$dir/$2.unpacking"
  rm -f "$dir/$4"
  echo "$1: $dir/$2"
}

get_fashion() {
  to=$dir/fashion_mnist
  mkdir -p "$to"
  fetch "$fashion_url/train-images-idx3-ubyte.gz" "$to/train-images-idx3-ubyte.gz" 26421880 8d4fb7e6c68d591d4c3dfef9ec88bf0d
  fetch "$fashion_url/train-labels-idx1-ubyte.gz" "$to/train-labels-idx1-ubyte.gz" 29515 25c81989df183df01b3e8a0aad5dffbe
  fetch "$fashion_url/t10k-images-idx3-ubyte.gz" "$to/t10k-images-idx3-ubyte.gz" 4422102 bef4ecab320f06d8554ea6380940ec79
  fetch "$fashion_url/t10k-labels-idx1-ubyte.gz" "$to/t10k-labels-idx1-ubyte.gz" 5148 bb300cfdad3c16e7a12a480ee83cd310
  echo "fashion_mnist: $to"
}

for name in $sets; do
  case $name in
    cifar10) get_archive cifar10 cifar-10-batches-bin data_batch_1.bin cifar-10-binary.tar.gz 170052171 c32a1d4ab5d03f1284b67883e8d87530 ;;
    cifar100) get_archive cifar100 cifar-100-binary train.bin cifar-100-binary.tar.gz 168513733 03b5dce01913d631647c71ecec9e9cb8 ;;
    fashion_mnist) get_fashion ;;
  esac
done
