# What all targets of the project have in common.

# Language, warnings and arithmetic of a target. Nothing here reaches those who link it.
function(mixture_compile_options target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(
    ${target}
    PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wpedantic
            # g++ 12 sees overruns in std::string that are not there (GCC bug 105329).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow>
            # Fused multiply-adds would make results depend on the compiler's choices.
            -ffp-contract=off
            $<$<BOOL:${MIXTURE_WERROR}>:-Werror>
            # ccache needs this to recognize a precompiled header of g++.
            $<$<AND:$<BOOL:${MIXTURE_PCH}>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>)
endfunction()

# Defines mix_NAME from NAME/include and NAME/src, with its own include root: a layer sees the
# headers of the layers it links, and no others.
function(mixture_add_layer name)
  set(target mix_${name})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.h)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp src/*.h)
  if(NOT sources)
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
    file(TOUCH ${sources})
  endif()

  add_library(${target} ${sources})
  add_library(mixture::${name} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  target_include_directories(${target} PRIVATE src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  mixture_compile_options(${target})
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${name}
               OUTPUT_NAME mixture_${name}
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}
               # A macro of its own would keep a layer from reusing the precompiled headers.
               DEFINE_SYMBOL "")
endfunction()

# Makes FOLDER/libNAME.so of every NAME.cpp. Plugins see the headers, but link nothing: the functions
# are those of the program.
function(mixture_add_plugins folder)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    set(target plugin_${name})
    if(TARGET ${target})
      continue()
    endif()
    add_library(${target} MODULE ${source})
    mixture_compile_options(${target})
    target_include_directories(
      ${target} SYSTEM PRIVATE $<TARGET_PROPERTY:mix_models,INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(
      ${target} PRIVATE $<TARGET_PROPERTY:mix_models,INTERFACE_COMPILE_DEFINITIONS>)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY
                                                                   ${folder})
  endforeach()
endfunction()
