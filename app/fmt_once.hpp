// libfmt 9 contains this function, but its headers do not say so: each file that logs would compile it again,
// together with all that it formats, which takes the compiler seconds. Part of the precompiled headers of
// app/.
#pragma once

#include <fmt/format.h>

#if FMT_VERSION / 10000 == 9
extern template void fmt::detail::vformat_to<char>(buffer<char>&, basic_string_view<char>,
                                                   basic_format_args<format_context>, locale_ref);
#endif
