# Compile through ccache where it is installed. Without these sloppiness settings ccache would
# pass every file that uses a precompiled header straight to the compiler.
find_program(MIXTURE_CCACHE ccache)
mark_as_advanced(MIXTURE_CCACHE)
if(PROJECT_IS_TOP_LEVEL AND MIXTURE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime
      ${MIXTURE_CCACHE})
endif()
