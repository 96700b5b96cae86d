// expect: conversion from 'double' to non-scalar type 'mix::AnyFamily' requested
#include "mix/any_family.h"

mix::AnyFamily family = 3.5;
