// expect: conversion from 'std::string'
#include <string>

#include "mix/types.h"

mix::Rows rows = std::string("not a matrix");
