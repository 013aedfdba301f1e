// SPDX-License-Identifier: GPL-2.0-or-later
#include "usb_desc.h"

#include <string.h>

#include "bytes.h"
#include "profile.h"
#include "usb.h"

#define USB_DT_DEVICE 1
#define USB_DT_CONFIG 2
#define USB_DT_STRING 3
#define USB_DT_INTERFACE 4
#define USB_DT_ENDPOINT 5
#define STRING_MANUFACTURER 1
#define STRING_PRODUCT 2
#define STRING_SERIAL 3
#define STRING_INTERFACE 4	/* the first interface string */

static bool put(const void *p, size_t len)
{
	if (usb.config_len + len > sizeof(usb.config))
		return false;
	memcpy(usb.config + usb.config_len, p, len);
	usb.config_len += len;
	return true;
}

static bool put_endpoint(const struct endpoint *ep, uint8_t attributes, uint8_t interval)
{
	uint8_t d[7] = {
		7, USB_DT_ENDPOINT, ep->addr, attributes,
		(uint8_t)ep->max_packet, (uint8_t)(ep->max_packet >> 8), interval
	};

	return put(d, sizeof(d));
}

static bool put_interface(struct usb_interface *iface)
{
	const struct profile *p = iface->profile;
	uint8_t endpoints = (uint8_t)((iface->out ? 2 : 0) + (iface->intr ? 1 : 0));
	uint8_t d[9] = { 9, USB_DT_INTERFACE, iface->number, 0, endpoints, 0xff, 0, 0, 0 };
	bool ok;

	if (p) {
		d[5] = p->class;
		d[6] = p->subclass;
		d[7] = p->protocol;
		d[8] = iface->string;
	}
	ok = put(d, sizeof(d));
	if (!p)
		return ok;
	if (!p->late)
		ok = ok && put(p->desc, p->desc_len);
	if (iface->out)
		ok = ok && put_endpoint(iface->out, 2, 0) && put_endpoint(iface->in, 2, 0);
	if (iface->intr)
		ok = ok && put_endpoint(iface->intr, 3, usb.speed == USB_SPEED_HIGH ? 8 : 16);
	if (p->late)
		ok = ok && put(p->desc, p->desc_len);
	return ok;
}

bool usb_desc_build(void)
{
	uint8_t d[9] = { 9, USB_DT_CONFIG, 0, 0, (uint8_t)usb.num_ifs, 1, 0, 0x80, 50 };
	uint8_t string = STRING_INTERFACE;
	bool ok;

	if (usb.wakeup_capable)
		d[7] |= 0x20;
	usb.config_len = 0;
	ok = put(d, sizeof(d));
	for (int i = 0; i < usb.num_ifs; i++) {
		struct usb_interface *iface = &usb.ifs[i];

		if (iface->profile && iface->profile->string[0])
			iface->string = string++;
		ok = ok && put_interface(iface);
	}
	put_le16(usb.config + 2, (uint16_t)usb.config_len);
	return ok;
}

static int string_descriptor(const char *text, uint8_t *buf, size_t size)
{
	size_t len = strlen(text);

	if (!*text)
		return -1;
	if (len > 126)
		len = 126;
	if (size < 2 + 2 * len)
		return -1;
	buf[0] = (uint8_t)(2 + 2 * len);
	buf[1] = USB_DT_STRING;
	for (size_t i = 0; i < len; i++) {
		buf[2 + 2 * i] = (uint8_t)text[i];
		buf[3 + 2 * i] = 0;
	}
	return buf[0];
}

static int get_string(uint8_t index, uint8_t *buf, size_t size)
{
	static const uint8_t languages[4] = { 4, USB_DT_STRING, 0x09, 0x04 };

	switch (index) {
	case 0:
		memcpy(buf, languages, sizeof(languages));
		return sizeof(languages);
	case STRING_MANUFACTURER:
		return string_descriptor(usb.manufacturer, buf, size);
	case STRING_PRODUCT:
		return string_descriptor(usb.product, buf, size);
	case STRING_SERIAL:
		return string_descriptor(usb.serial, buf, size);
	}
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].string == index)
			return string_descriptor(usb.ifs[i].profile->string, buf, size);
	return -1;
}

int usb_desc_get(uint8_t type, uint8_t index, uint8_t *buf, size_t size)
{
	/* From a full-speed device of USB 2.00 the host would ask for a device qualifier. */
	uint8_t bcd_usb = usb.speed == USB_SPEED_HIGH ? 2 : 1;
	uint8_t dev[18] = { 18,
			    USB_DT_DEVICE,
			    usb.speed == USB_SPEED_HIGH ? 0x00 : 0x10,
			    bcd_usb,
			    0,
			    0,
			    0,
			    64,
			    (uint8_t)usb.vid,
			    (uint8_t)(usb.vid >> 8),
			    (uint8_t)usb.pid,
			    (uint8_t)(usb.pid >> 8),
			    (uint8_t)usb.bcd,
			    (uint8_t)(usb.bcd >> 8),
			    usb.manufacturer[0] ? STRING_MANUFACTURER : 0,
			    usb.product[0] ? STRING_PRODUCT : 0,
			    usb.serial[0] ? STRING_SERIAL : 0,
			    1 };

	switch (type) {
	case USB_DT_DEVICE:
		memcpy(buf, dev, sizeof(dev));
		return sizeof(dev);
	case USB_DT_CONFIG:
		if (index)
			return -1;
		memcpy(buf, usb.config, usb.config_len);
		return (int)usb.config_len;
	case USB_DT_STRING:
		return get_string(index, buf, size);
	}
	return -1;
}
