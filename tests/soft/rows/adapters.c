/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3, the paragraph on adapters. */
#include "rows.h"

#include <string.h>

#define DRIVERVERSION 13u /* KMTQAITYPE_DRIVERVERSION */

/* a: 0 NULL, else a handle of 0. */
static ntf_status close_adapter(uint32_t a, uint32_t b)
{
    const D3DKMT_CLOSEADAPTER zero = {0};

    (void)b;
    return kmt.CloseAdapter(a ? &zero : NULL);
}

static ntf_status create_device(uint32_t a, uint32_t b)
{
    D3DKMT_CREATEDEVICE create;
    ntf_status status;

    (void)b;
    memset(&create, 0, sizeof create);
    create.hDevice = POISON;
    status = kmt.CreateDevice(a ? &create : NULL);
    ROW_CHECK(create.hDevice == POISON);
    return status;
}

static ntf_status destroy_device(uint32_t a, uint32_t b)
{
    const D3DKMT_DESTROYDEVICE zero = {0};

    (void)b;
    return kmt.DestroyDevice(a ? &zero : NULL);
}

static ntf_status enum_null(uint32_t a, uint32_t b)
{
    (void)a;
    (void)b;
    return kmt.EnumAdapters2(NULL);
}

static ntf_status enum_capacity(uint32_t a, uint32_t b)
{
    D3DKMT_ENUMADAPTERS2 all = {POISON, NULL};
    const ntf_status status = kmt.EnumAdapters2(&all);

    (void)a;
    (void)b;
    ROW_CHECK(all.NumAdapters == 32 || all.NumAdapters == 34);
    return status;
}

static ntf_status enum_no_room(uint32_t a, uint32_t b)
{
    D3DKMT_ADAPTERINFO info = {POISON, {0, 0}, 0, 0};
    D3DKMT_ENUMADAPTERS2 all = {0, &info};
    const ntf_status status = kmt.EnumAdapters2(&all);

    (void)a;
    (void)b;
    ROW_CHECK(info.hAdapter == POISON);
    return status;
}

/* a: whether there is a buffer; b: how much its size is short. */
static ntf_status query_version(uint32_t a, uint32_t b)
{
    uint32_t version = 0;
    D3DKMT_QUERYADAPTERINFO query = {rig_adapter(), DRIVERVERSION, a ? &version : NULL,
                                     sizeof version - b};
    const ntf_status status = kmt.QueryAdapterInfo(&query);

    ROW_CHECK(status == NTF_STATUS_SUCCESS ? version >= KMT_DRIVERVERSION_WDDM_3_1 : version == 0);
    return status;
}

const struct row rows_adapters[] = {
    ROW("6.3.adapters.1", "CloseAdapter NULL", close_adapter, 0, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.1", "CloseAdapter 0", close_adapter, 1, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.1", "CreateDevice NULL", create_device, 0, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.1", "CreateDevice on adapter 0", create_device, 1, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.1", "DestroyDevice NULL", destroy_device, 0, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.1", "DestroyDevice 0", destroy_device, 1, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.2", "EnumAdapters2 NULL", enum_null, 0, 0, INVALID_PARAMETER),
    ROW("6.3.adapters.3", "EnumAdapters2 without array", enum_capacity, 0, 0, SUCCESS),
    ROW("6.3.adapters.4", "EnumAdapters2 with an array of none", enum_no_room, 0, 0,
        BUFFER_TOO_SMALL),
    ROW("6.3.adapters.5", "QueryAdapterInfo without buffer", query_version, 0, 0,
        INVALID_PARAMETER),
    ROW("6.3.adapters.5", "QueryAdapterInfo one byte short", query_version, 1, 1,
        INVALID_PARAMETER),
    ROW("6.3.adapters.6", "QueryAdapterInfo driver version", query_version, 1, 0, SUCCESS),
};
const size_t rows_adapters_count = NTF_COUNT(rows_adapters);
