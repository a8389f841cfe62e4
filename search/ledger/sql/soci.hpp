#pragma once
// SOCI as the project includes it. Debian's package is configured with Boost but does not bring it,
// so the two switches are undone between its configuration and its headers.

#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME
#include <soci/soci.h>
