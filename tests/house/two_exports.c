// SPDX-License-Identifier: Apache-2.0
// Test fixture: one name that a layer may export and one that it may not.
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT int vkNegotiateLoaderLayerInterfaceVersion(void);
EXPORT int D3DKMTOneTooMany(void);

int vkNegotiateLoaderLayerInterfaceVersion(void)
{
    return 0;
}

int D3DKMTOneTooMany(void)
{
    return 0;
}
