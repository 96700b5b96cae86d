#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace mix {

template <class Signature>
class FunctionView;

/// Anything that can be called with these arguments, for the time of one call: unlike a
/// std::function it holds no copy, and takes no memory.
template <class Result, class... Arguments>
class FunctionView<Result(Arguments...)> {
 public:
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionView> &&
           std::is_invocable_r_v<Result, Callable&, Arguments...>)
      // NOLINTNEXTLINE(google-explicit-constructor,cppcoreguidelines-missing-std-forward)
      FunctionView(Callable&& callable)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(
              std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const {
    return call_(callable_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* callable_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace mix
