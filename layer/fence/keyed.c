/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/keyed.h"

#include <stdlib.h>

void ntf_keyed_house_init(struct ntf_keyed_house *house, struct ntf_doorbells *bells,
                          void (*complain)(void *context, enum ntf_result result, ntf_status status), void *context)
{
    ntf_sitters_init(&house->sitters);
    house->bells = bells;
    house->complain = complain;
    house->context = context;
}

void ntf_keyed_house_finish(struct ntf_keyed_house *house)
{
    ntf_sitters_finish(&house->sitters);
}

void ntf_keyed_close_mutex(struct ntf_mutex *mutex)
{
    if (mutex->companion)
        mutex->companion->ops->close(mutex->companion);
    mutex->ops->close(mutex);
}

enum ntf_result ntf_payload_new_keyed(struct ntf_mutex *mutex, uint64_t acquire_key, uint64_t release_key,
                                      struct ntf_keyed_house *house, struct ntf_payload **out)
{
    struct ntf_keyed *keyed = malloc(sizeof *keyed);

    if (!keyed) {
        ntf_keyed_close_mutex(mutex);
        return NTF_E_NO_MEMORY;
    }
    keyed->mutex = mutex;
    keyed->acquire_key = acquire_key;
    keyed->release_key = release_key;
    keyed->house = house;
    ntf_init(&keyed->owned, 0u);
    keyed->value = 0;
    ntf_init(&keyed->told, 0u);
    ntf_seat_init(&keyed->seat);
    return ntf_payload_new_mutex(keyed, out);
}

static enum ntf_result give(struct ntf_keyed *keyed, uint64_t key, uint64_t value, ntf_status *status)
{
    const struct ntf_keyed_house *house = keyed->house;
    enum ntf_result result;

    *status = NTF_STATUS_SUCCESS;
    result = keyed->mutex->ops->give(keyed->mutex, key, value, status);
    if (result != NTF_OK && house->complain)
        house->complain(house->context, result, *status);
    return result;
}

void ntf_keyed_keep(struct ntf_keyed *keyed, uint64_t value)
{
    keyed->value = value;
    ntf_store(&keyed->owned, 1u, NTF_RELEASE);
}

void ntf_keyed_give_back(struct ntf_keyed *keyed, uint64_t value)
{
    ntf_status ignored;

    (void)give(keyed, keyed->acquire_key, value, &ignored);
}

enum ntf_result ntf_keyed_release(struct ntf_keyed *keyed, ntf_status *status)
{
    *status = NTF_STATUS_SUCCESS;
    if (!ntf_exchange(&keyed->owned, 0u, NTF_ACQ_REL))
        return NTF_OK;
    return give(keyed, keyed->release_key, keyed->value, status);
}

void ntf_keyed_free(struct ntf_keyed *keyed)
{
    ntf_status ignored;

    (void)ntf_keyed_release(keyed, &ignored);
    ntf_keyed_close_mutex(keyed->mutex);
    free(keyed);
}
