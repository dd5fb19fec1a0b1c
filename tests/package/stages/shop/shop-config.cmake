include(CMakeFindDependencyMacro)
find_dependency(switchgear 0.1 COMPONENTS core)
include(${CMAKE_CURRENT_LIST_DIR}/shop-targets.cmake)
