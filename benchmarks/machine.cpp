#include "machine.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <map>
#include <numbers>
#include <span>
#include <thread>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "machine.cpp"
#include <hwy/foreach_target.h>  // compiles what follows once per instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// As many independent chains as hide the latency of two units: 4 to 5 cycles each, and within the
// 16 registers of AVX2.
template <class T>
double fma_chains(double start) {
  constexpr std::size_t rounds = 1000000;
  const hn::ScalableTag<T> t;
  const auto shrink = hn::Set(t, T(0.999));
  const auto add = hn::Set(t, T(start));
  // Chains that began alike would be one to the compiler.
  const auto first = hn::Iota(t, T(1));
  auto a = first, b = hn::Add(a, add), c = hn::Add(b, add), d = hn::Add(c, add),
       e = hn::Add(d, add), f = hn::Add(e, add), g = hn::Add(f, add), h = hn::Add(g, add),
       i = hn::Add(h, add), j = hn::Add(i, add), k = hn::Add(j, add), l = hn::Add(k, add);
  for (std::size_t r = 0; r < rounds; ++r) {
    a = hn::MulAdd(a, shrink, add);
    b = hn::MulAdd(b, shrink, add);
    c = hn::MulAdd(c, shrink, add);
    d = hn::MulAdd(d, shrink, add);
    e = hn::MulAdd(e, shrink, add);
    f = hn::MulAdd(f, shrink, add);
    g = hn::MulAdd(g, shrink, add);
    h = hn::MulAdd(h, shrink, add);
    i = hn::MulAdd(i, shrink, add);
    j = hn::MulAdd(j, shrink, add);
    k = hn::MulAdd(k, shrink, add);
    l = hn::MulAdd(l, shrink, add);
  }
  for (const auto v : {b, c, d, e, f, g, h, i, j, k, l}) a = hn::Add(a, v);
  volatile T sink = hn::GetLane(hn::SumOfLanes(t, a));
  static_cast<void>(sink);
  return 2.0 * 12 * static_cast<double>(rounds * hn::Lanes(t));
}
double fma_double(double start) { return fma_chains<double>(start); }
double fma_float(double start) { return fma_chains<float>(start); }

// exp(x) = 2^n exp(r), |r| <= log(2)/2, by the Taylor polynomial of degree 12 as Estrin's tree; for
// results in the normal range, which is what responsibilities need. Adding 3/2 2^52 rounds to n and
// leaves n in the low bits, from where it is added to the exponent of exp(r): the units that
// multiply have nothing but the polynomial to do.
template <class T, class V>
HWY_INLINE V exponential(T t, V x) {
  const auto big = hn::Set(t, 0x1.8p52);
  const auto shifted = hn::MulAdd(x, hn::Set(t, std::numbers::log2e), big);
  const auto n = hn::Sub(shifted, big);
  auto r = hn::NegMulAdd(n, hn::Set(t, 6.93147180369123816490e-01), x);
  r = hn::NegMulAdd(n, hn::Set(t, 1.90821492927058770002e-10), r);
  const auto pair = [&](double high, double low) {
    return hn::MulAdd(r, hn::Set(t, 1 / high), hn::Set(t, 1 / low));
  };
  const auto r2 = hn::Mul(r, r);
  const auto r4 = hn::Mul(r2, r2);
  const auto low = hn::MulAdd(pair(6, 2), r2, hn::Add(r, hn::Set(t, 1.0)));
  const auto middle = hn::MulAdd(pair(5040, 720), r2, pair(120, 24));
  const auto high = hn::MulAdd(hn::MulAdd(r2, hn::Set(t, 1.0 / 479001600), pair(39916800, 3628800)),
                               r2, pair(362880, 40320));
  const auto p = hn::MulAdd(hn::MulAdd(high, r4, middle), r4, low);
  const hn::RebindToSigned<T> ti;
  const auto power = hn::ShiftLeft<52>(hn::BitCast(ti, shifted));
  return hn::BitCast(t, hn::Add(hn::BitCast(ti, p), power));
}

double exp_double(std::span<double> buffer) {
  constexpr std::size_t rounds = 2000;
  const hn::ScalableTag<double> t;
  const std::size_t half = buffer.size() / 2;
  for (std::size_t r = 0; r < rounds; ++r) {
    for (std::size_t i = 0; i < half; i += hn::Lanes(t)) {
      hn::StoreU(exponential(t, hn::LoadU(t, buffer.data() + i)), t, buffer.data() + half + i);
    }
  }
  return static_cast<double>(rounds * half);
}

double read(std::span<double> buffer) {
  constexpr std::size_t bytes_at_least = std::size_t{256} << 20U;
  const std::size_t rounds = std::max<std::size_t>(bytes_at_least / (8 * buffer.size()), 1);
  const hn::ScalableTag<double> t;
  const std::size_t lanes = hn::Lanes(t);
  auto a = hn::Zero(t), b = a, c = a, d = a;
  for (std::size_t r = 0; r < rounds; ++r) {
    for (std::size_t i = 0; i < buffer.size(); i += 4 * lanes) {
      const double* from = buffer.data() + i;
      a = hn::Add(a, hn::LoadU(t, from));
      b = hn::Add(b, hn::LoadU(t, from + lanes));
      c = hn::Add(c, hn::LoadU(t, from + 2 * lanes));
      d = hn::Add(d, hn::LoadU(t, from + 3 * lanes));
    }
  }
  volatile double sink = hn::GetLane(hn::SumOfLanes(t, hn::Add(hn::Add(a, b), hn::Add(c, d))));
  static_cast<void>(sink);
  return 8.0 * static_cast<double>(rounds * buffer.size());
}

const char* target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {
namespace {

HWY_EXPORT(fma_double);
HWY_EXPORT(fma_float);
HWY_EXPORT(exp_double);
HWY_EXPORT(read);
HWY_EXPORT(target);

using Clock = std::chrono::steady_clock;

double measure(Limit limit, Index threads) {
  constexpr int attempts = 15;
  std::array<Clock::time_point, attempts + 1> ends;
  double done = 0;
  int attempt = 0;
  std::barrier barrier(
      threads, [&]() noexcept { ends[static_cast<std::size_t>(attempt++)] = Clock::now(); });
  std::vector<std::jthread> team;
  for (Index t = 0; t < threads; ++t) {
    team.emplace_back([&, t] {
      Buffer buffer = make_buffer(limit);
      double each = work_at(limit, buffer);
      for (int i = 0; i < attempts; ++i) {
        barrier.arrive_and_wait();
        each = work_at(limit, buffer);
      }
      if (t == 0) done = each;
      barrier.arrive_and_wait();
    });
  }
  team.clear();
  double shortest = mix::infinity;
  for (std::size_t i = 0; i < attempts; ++i) {
    shortest = std::min(shortest, std::chrono::duration<double>(ends[i + 1] - ends[i]).count());
  }
  return done * static_cast<double>(threads) / shortest;
}

}  // namespace

const std::vector<Limit>& all_limits() {
  static const std::vector<Limit> all{Limit::fma_double, Limit::fma_float, Limit::exp_double,
                                      Limit::read_l2, Limit::read_dram};
  return all;
}

const char* name(Limit limit) {
  constexpr std::array names{"fma_double", "fma_float", "exp_double", "read_l2", "read_dram"};
  return names[static_cast<std::size_t>(limit)];
}

Buffer make_buffer(Limit limit) {
  std::size_t size = 2048;  // 16 KiB, for exponentials and their arguments
  if (limit == Limit::read_l2) size = (std::size_t{256} << 10U) / sizeof(double);
  if (limit == Limit::read_dram) size = (std::size_t{256} << 20U) / sizeof(double);
  Buffer buffer(size);
  for (std::size_t i = 0; i < size; ++i) buffer[i] = -0.01 * static_cast<double>(i % 2048);
  return buffer;
}

double work_at(Limit limit, Buffer& buffer) {
  switch (limit) {
    case Limit::fma_double:
      return HWY_DYNAMIC_DISPATCH(fma_double)(buffer[1]);
    case Limit::fma_float:
      return HWY_DYNAMIC_DISPATCH(fma_float)(buffer[1]);
    case Limit::exp_double:
      return HWY_DYNAMIC_DISPATCH(exp_double)(buffer);
    case Limit::read_l2:
    case Limit::read_dram:
      return HWY_DYNAMIC_DISPATCH(read)(buffer);
  }
  return 0;
}

const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(target)(); }

double rate(Limit limit, Index threads) {
  static std::map<std::pair<Limit, Index>, double> measured;
  const auto [place, is_new] = measured.try_emplace({limit, threads}, 0);
  if (is_new) place->second = measure(limit, threads);
  return place->second;
}

double seconds_at_limits(const Work& work, Index threads) {
  const double arithmetic =
      work.flops / rate(Limit::fma_double, threads) + work.exps / rate(Limit::exp_double, threads);
  return std::max(arithmetic, work.bytes / rate(Limit::read_dram, threads));
}

}  // namespace bench
#endif
