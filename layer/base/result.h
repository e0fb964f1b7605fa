/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of operations below vulkan/. Zero is success, positive values are ordinary outcomes, negative ones are
 * failures. What the kernel answered goes beside it as an NTSTATUS (kmt/), never inside it.
 */
#ifndef NTF_BASE_RESULT_H
#define NTF_BASE_RESULT_H

enum ntf_result {
    NTF_OK = 0,
    NTF_TIMEOUT = 1,           /* the deadline came first */
    NTF_NOT_READY = 2,         /* not signalled now */
    NTF_E_NO_MEMORY = -1,      /* memory, descriptors or another quota */
    NTF_E_BAD_HANDLE = -2,     /* not a live handle at all (0, -1, -2, closed) */
    NTF_E_WRONG_OBJECT = -3,   /* a live object, but not one of the kind asked for */
    NTF_E_NOT_FOUND = -4,      /* no object has that name */
    NTF_E_BAD_NAME = -5,       /* malformed, too long */
    NTF_E_ACCESS_DENIED = -6,  /* too few rights */
    NTF_E_INVALID = -7,        /* an argument is out of its range; a value would go backwards */
    NTF_E_UNSUPPORTED = -8,    /* this system or this provider cannot do it */
    NTF_E_LOST = -9,           /* the device behind it is gone */
    NTF_E_COLLISION = -10,     /* the name is taken */
    NTF_E_FAILED = -11,        /* anything else; the status beside it says what */
    NTF_E_ABANDONED = -12,     /* the owner of a keyed mutex ended without having released it */
};

const char *ntf_result_name(enum ntf_result r);

#endif /* NTF_BASE_RESULT_H */
