#!/usr/bin/env bash
# run.sh MODE SCRATCH BUILD: one way for others to use the library built in BUILD, or its source
# tree, from a clean directory. The compiler is $CXX.
set -euo pipefail

mode=$1
scratch=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=$scratch/prefix
build=$scratch/$mode

build_with_cmake() {
  cmake -S "$here/$mode" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 "$@"
  cmake --build "$build" --target consumer
  "$build/consumer"
}

rm -rf "$build"
case $mode in
  install)
    rm -rf "$prefix"
    cmake --install "$3" --prefix "$prefix"
    ;;
  find_package)
    build_with_cmake -DCMAKE_PREFIX_PATH="$prefix"
    ;;
  add_subdirectory)
    # Few large files: what is tested is that the tree can be used, not its objects.
    build_with_cmake -DCMAKE_UNITY_BUILD=ON
    ;;
  pkg_config)
    mkdir -p "$build"
    pc=$(dirname "$(find "$prefix" -name mixture.pc)")
    export PKG_CONFIG_PATH=$pc LD_LIBRARY_PATH=${pc%/pkgconfig}
    read -ra flags < <(pkg-config --cflags --libs mixture)
    "$CXX" -std=c++20 "$here/consumer.cpp" "${flags[@]}" -o "$build/consumer"
    "$build/consumer"
    ;;
  *)
    echo "unknown mode: $mode"
    exit 2
    ;;
esac
