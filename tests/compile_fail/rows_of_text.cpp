// expect: conversion from 'std::string'
#include "mix/types.h"

#include <string>

mix::Rows rows = std::string("not a matrix");
