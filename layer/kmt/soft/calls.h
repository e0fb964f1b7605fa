/* SPDX-License-Identifier: Apache-2.0 */
/* The D3DKMT calls as soft implements them, each called soft_<Name>; thunks.c says which of them there are. */
#ifndef NTF_KMT_SOFT_CALLS_H
#define NTF_KMT_SOFT_CALLS_H

#include "kmt/thunks.h"

/* How many objects one wait or signal takes. The system's own limit is not known for certain. */
#define SOFT_MOST_OBJECTS 4096u

#define SOFT_DECLARE(Name, params, args, need) ntf_status NTF_APIENTRY soft_##Name params;
NTF_KMT_THUNKS(SOFT_DECLARE)
#undef SOFT_DECLARE

#endif /* NTF_KMT_SOFT_CALLS_H */
