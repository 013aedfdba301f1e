// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver: a shared object with the functions of IFD handler 3.0, as <ifdhandler.h> declares
 * them. It is not trusted to stay within the lengths that it is told, as far as it can be checked.
 */
#include "driver.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/eventfd.h>

#include <linux/uscard.h>

#include "log.h"
#include "node.h"

/* A driver waits for a card this long; it has no other way to notice that the program ends. */
#define WAIT_MS		2000
#define WAIT_STOP_MS	600000	/* where the wait can be ended */

typedef RESPONSECODE wait_function(DWORD lun, int timeout);
typedef RESPONSECODE stop_function(DWORD lun);

static struct {
	typeof(&IFDHCreateChannelByName) create_by_name;
	typeof(&IFDHCreateChannel) create;
	typeof(&IFDHCloseChannel) close;
	typeof(&IFDHGetCapabilities) get;
	typeof(&IFDHSetProtocolParameters) set_protocol;
	typeof(&IFDHPowerICC) power;
	typeof(&IFDHTransmitToICC) transmit;
	typeof(&IFDHControl) control;
	typeof(&IFDHICCPresence) presence;
} call;

static struct wait {
	wait_function *wait;
	stop_function *stop;
} waits[USCARD_MAX_SLOTS];

static int gone = -1;

/* Note what a code says of the reader. */
static RESPONSECODE noted(RESPONSECODE code)
{
	if (code == IFD_NO_SUCH_DEVICE)
		eventfd_write(gone, 1);
	return code;
}

int driver_gone_fd(void)
{
	return gone;
}

/* ---- loading ---- */

static bool load(const char *path)
{
	const struct {
		const char *name;
		void *to;
	} functions[] = {
		{ "IFDHCreateChannelByName", &call.create_by_name },
		{ "IFDHCreateChannel", &call.create },
		{ "IFDHCloseChannel", &call.close },
		{ "IFDHGetCapabilities", &call.get },
		{ "IFDHSetProtocolParameters", &call.set_protocol },
		{ "IFDHPowerICC", &call.power },
		{ "IFDHTransmitToICC", &call.transmit },
		{ "IFDHControl", &call.control },
		{ "IFDHICCPresence", &call.presence },
	};
	/* lazy as in pcscd: a driver may name functions of pcscd that it does not call here */
	void *lib = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	size_t i;

	if (!lib) {
		log_line("%s", dlerror());
		return false;
	}
	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *symbol = dlsym(lib, functions[i].name);

		if (!symbol) {
			log_line("%s has no %s(): not a driver of IFD handler 3.0", path,
				 functions[i].name);
			return false;
		}
		memcpy(functions[i].to, &symbol, sizeof(symbol));
	}
	return true;
}

/* The value of a tag that is a byte, or @otherwise */
static unsigned int byte_of(DWORD tag, unsigned int otherwise)
{
	uint8_t value[16] = { 0 };
	DWORD len = 1;

	return call.get(driver_lun(0), tag, &len, value) == IFD_SUCCESS && len == 1 ? value[0] :
										     otherwise;
}

/* A function that the driver gives as the value of a tag */
static void function_of(unsigned int slot, DWORD tag, void *function)
{
	uint8_t value[64] = { 0 };
	DWORD len = sizeof(void *);

	if (call.get(driver_lun(slot), tag, &len, value) == IFD_SUCCESS && len == sizeof(void *))
		memcpy(function, value, sizeof(void *));
}

bool driver_open_slot(const struct config *config, unsigned int slot)
{
	RESPONSECODE code = config->device ? call.create_by_name(driver_lun(slot), config->device) :
					     call.create(driver_lun(slot), config->channel);

	if (code != IFD_SUCCESS) {
		log_line("the driver does not open slot %u of %s: code %ld", slot,
			 config->device ? config->device : "the channel", (long)code);
		return false;
	}
	function_of(slot, TAG_IFD_POLLING_THREAD_WITH_TIMEOUT, &waits[slot].wait);
	if (waits[slot].wait)
		function_of(slot, TAG_IFD_STOP_POLLING_THREAD, &waits[slot].stop);
	return true;
}

void driver_close_slot(unsigned int slot)
{
	call.close(driver_lun(slot));
}

bool driver_open(const struct config *config)
{
	gone = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return gone >= 0 && load(config->driver) && driver_open_slot(config, 0);
}

unsigned int driver_slots(void)
{
	unsigned int slots = byte_of(TAG_IFD_SLOTS_NUMBER, 1);

	return slots ? slots : 1;
}

bool driver_takes_slots_at_once(void)
{
	return byte_of(TAG_IFD_SLOT_THREAD_SAFE, 0);
}

/* ---- calls ---- */

/* No length of the driver's is longer than the room. */
static RESPONSECODE fits(RESPONSECODE code, DWORD len, size_t *room)
{
	if (code == IFD_SUCCESS && len > *room)
		code = IFD_COMMUNICATION_ERROR;
	*room = code == IFD_SUCCESS ? (size_t)len : 0;
	return noted(code);
}

RESPONSECODE driver_power(unsigned int slot, DWORD action, uint8_t *atr, size_t *len)
{
	DWORD n = (DWORD)*len;
	RESPONSECODE code = call.power(driver_lun(slot), action, atr, &n);

	return fits(code, n, len);
}

RESPONSECODE driver_set_protocol(unsigned int slot, DWORD protocol)
{
	return noted(call.set_protocol(driver_lun(slot), protocol, 0, 0, 0, 0));
}

RESPONSECODE driver_transmit(unsigned int slot, DWORD protocol, uint8_t *tx, size_t tx_len,
			     uint8_t *rx, size_t *rx_len)
{
	SCARD_IO_HEADER send = { protocol, sizeof(send) }, recv = { protocol, sizeof(recv) };
	DWORD n = (DWORD)*rx_len;
	RESPONSECODE code = call.transmit(driver_lun(slot), send, tx, (DWORD)tx_len, rx, &n, &recv);

	return fits(code, n, rx_len);
}

RESPONSECODE driver_control(unsigned int slot, DWORD code, uint8_t *tx, size_t tx_len,
			    uint8_t *rx, size_t *rx_len)
{
	DWORD n = 0;
	RESPONSECODE ret = call.control(driver_lun(slot), code, tx, (DWORD)tx_len, rx,
					(DWORD)*rx_len, &n);

	return fits(ret, n, rx_len);
}

RESPONSECODE driver_get(unsigned int slot, DWORD tag, uint8_t *value, size_t *len)
{
	DWORD n = (DWORD)*len;
	RESPONSECODE code = call.get(driver_lun(slot), tag, &n, value);

	return fits(code, n, len);
}

static RESPONSECODE presence(unsigned int slot)
{
	RESPONSECODE code = node_gone() ? IFD_NO_SUCH_DEVICE : call.presence(driver_lun(slot));

	noted(code);
	return code;
}

bool driver_present(unsigned int slot)
{
	RESPONSECODE code = presence(slot);

	return code == IFD_SUCCESS || code == IFD_ICC_PRESENT;
}

bool driver_absent(unsigned int slot)
{
	return presence(slot) == IFD_ICC_NOT_PRESENT;
}

/* ---- waiting ---- */

bool driver_waits(unsigned int slot)
{
	return waits[slot].wait;
}

bool driver_wait(unsigned int slot)
{
	const struct wait *w = &waits[slot];

	return noted(w->wait(driver_lun(slot), w->stop ? WAIT_STOP_MS : WAIT_MS)) == IFD_SUCCESS;
}

void driver_wait_end(unsigned int slot)
{
	if (waits[slot].stop)
		waits[slot].stop(driver_lun(slot));
}
