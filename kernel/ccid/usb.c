// SPDX-License-Identifier: GPL-2.0
/*
 * Binding of CCID readers on USB: interfaces, descriptors, suspend, resume and reset of the
 * device.
 *
 * The device is not trusted: ccid_desc.c clamps its claims.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "cmd.h"
#include "iccd.h"
#include "ignore.h"
#include "proto/iccd.h"
#include "quirks.h"
#include "reader.h"
#include "usb.h"
#include "usb_pipe.h"

/*
 * Strings of the device end in names, logs and messages: printable ASCII only. Blanks at the end
 * of a serial number are @kept, as pcsc-lite does: names of readers are in configurations.
 */
static void ccid_usb_string(struct ccid_usb *usb, int index, char *buf, bool kept)
{
	buf[0] = '\0';
	if (!index || usb_string(usb->udev, index, buf, SCARD_STRING_SIZE) < 0) {
		buf[0] = '\0';
		return;
	}
	scard_reader_sanitise(buf, kept);
}

static int ccid_usb_find_desc(struct ccid_desc *desc, const struct usb_host_interface *alt)
{
	unsigned int i;
	int ret = ccid_desc_parse(desc, alt->extra, alt->extralen);

	/* some readers put it behind an endpoint */
	for (i = 0; ret == -ENOENT && i < alt->desc.bNumEndpoints; i++)
		ret = ccid_desc_parse(desc, alt->endpoint[i].extra, alt->endpoint[i].extralen);
	return ret;
}

static int ccid_usb_find_endpoints(struct ccid_usb *usb, struct usb_host_interface *alt)
{
	struct usb_endpoint_descriptor *in, *out, *intr;
	u8 version = alt->desc.bInterfaceProtocol;
	int ret = usb_find_common_endpoints(alt, &in, &out, NULL, NULL);

	if (ret && (version == ICCD_VERSION_A || version == ICCD_VERSION_B)) {
		usb->ccid.bus = &ccid_usb_pipe_token_bus;
		usb->ccid.bulk = NULL;
		ccid_iccd_init(&usb->ccid, version);
		return 0;
	}
	if (ret)
		return ret;
	if (!usb_endpoint_maxp(in) || !usb_endpoint_maxp(out))
		return -EINVAL;
	usb->in = usb_endpoint_num(in);
	usb->out = usb_endpoint_num(out);
	usb->ccid.rx_unit = usb_endpoint_maxp(in);
	if (!usb_find_int_in_endpoint(alt, &intr) && usb_endpoint_maxp(intr))
		return ccid_usb_pipe_int_init(usb, intr);
	return 0;
}

/*
 * May an idle reader sleep without being told to? Only if it says that an insertion wakes it:
 * remote wake-up alone does not tell, and an insertion would go unnoticed. And only if it is the
 * whole device: other functions have drivers of their own to decide that.
 */
static bool ccid_usb_may_sleep(const struct ccid_usb *usb)
{
	const struct usb_config_descriptor *config = &usb->udev->actconfig->desc;

	return !(usb->ccid.quirks & CCID_QUIRK_NO_AUTOSUSPEND) &&
	       usb->ccid.desc.features & CCID_FEATURE_WAKEUP &&
	       config->bmAttributes & USB_CONFIG_ATT_WAKEUP && config->bNumInterfaces == 1;
}

static void ccid_usb_identify(struct ccid_usb *usb, const struct usb_host_interface *alt)
{
	const struct usb_device_descriptor *desc = &usb->udev->descriptor;
	struct ccid_reader *ccid = &usb->ccid;
	struct scard_reader *reader = &ccid->reader;

	reader->vendor_id = le16_to_cpu(desc->idVendor);
	reader->product_id = le16_to_cpu(desc->idProduct);
	ccid->bcd_device = le16_to_cpu(desc->bcdDevice);
	ccid->usb_bus = usb->udev->bus->busnum;
	ccid->usb_address = usb->udev->devnum;
	ccid->interface = alt->desc.bInterfaceNumber;
	ccid_usb_string(usb, desc->iManufacturer, reader->manufacturer, false);
	ccid_usb_string(usb, desc->iProduct, reader->product, false);
	ccid_usb_string(usb, alt->desc.iInterface, reader->interface_name, false);
	ccid_usb_string(usb, desc->iSerialNumber, reader->serial, true);
}

static void ccid_usb_unregister(struct ccid_usb *usb, bool alive)
{
	scard_dev_unregister(&usb->ccid.reader, alive);
	ccid_usb_pipe_let_sleep(usb);
}

static int ccid_usb_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct usb_host_interface *alt = intf->cur_altsetting;
	struct usb_device *udev = interface_to_usbdev(intf);
	struct scard_reader *reader;
	struct ccid_usb *usb;
	int ret;

	usb = kzalloc(sizeof(*usb), GFP_KERNEL);
	if (!usb)
		return -ENOMEM;
	reader = &usb->ccid.reader;
	reader->parent = &intf->dev;
	usb->ccid.bus = &ccid_usb_pipe_bus;
	usb->ccid.bulk = &ccid_usb_pipe_bulk;
	usb->udev = usb_get_dev(udev);
	usb->intf = usb_get_intf(intf);
	ccid_usb_pipe_init(usb);

	ret = ccid_usb_find_desc(&usb->ccid.desc, alt);
	if (!ret)
		ret = ccid_usb_find_endpoints(usb, alt);
	if (ret == -ENOMEM)
		goto fail;
	if (ret) {
		/* vendor-class interfaces of the id table need not be readers */
		if (alt->desc.bInterfaceClass == USB_CLASS_CSCID)
			dev_info(&intf->dev, "not a usable CCID reader (%d): report it, with lsusb -v\n",
				 ret);
		ret = -ENODEV;
		goto fail;
	}

	ccid_usb_identify(usb, alt);
	if (ccid_ignore(reader)) {
		dev_info(&intf->dev, "left alone, as the parameter ignore says\n");
		ret = -ENODEV;
		goto fail;
	}
	ccid_quirks_apply(&usb->ccid);
	ccid_usb_pipe_drain(usb);
	ret = ccid_reader_init(&usb->ccid);
	if (!ret) {
		usb_set_intfdata(intf, reader);
		ret = scard_dev_register(reader);
		if (ret)
			ccid_usb_unregister(usb, false);
	}
	if (ret) {
		dev_err(&intf->dev, "cannot be driven (%d): free memory, or unplug another reader\n",
			ret);
		scard_reader_put(reader);
		return ret;
	}
	/* a reader that cannot report changes is polled; see scard_presence_watch() */
	ccid_usb_pipe_int_start(usb);
	/* asleep, it must be able to report an insertion */
	intf->needs_remote_wakeup = 1;
	usb->autosuspend = ccid_usb_may_sleep(usb);
	if (usb->autosuspend)
		usb_enable_autosuspend(udev);
	dev_info(&intf->dev, "smart-card reader \"%s\", %u slot%s\n", reader->slots[0]->name,
		 reader->nslots, reader->nslots > 1 ? "s" : "");
	return 0;

fail:
	usb->ccid.bus->free(&usb->ccid);
	return ret;
}

static void ccid_usb_disconnect(struct usb_interface *intf)
{
	struct scard_reader *reader = usb_get_intfdata(intf);
	struct usb_device *udev = interface_to_usbdev(intf);
	struct ccid_usb *usb = container_of(to_ccid_reader(reader), struct ccid_usb, ccid);

	/* the slots, and with them the name, may be gone after scard_dev_unregister() */
	dev_info(&intf->dev, "smart-card reader \"%s\" has left\n", reader->slots[0]->name);
	if (usb->autosuspend)
		usb_disable_autosuspend(udev);
	ccid_usb_unregister(usb, udev->state != USB_STATE_NOTATTACHED);
	scard_reader_put(reader);
}

/* After a sleep cards that were on were powered off before, or no handle was connected. */
static int ccid_usb_woken(struct usb_interface *intf)
{
	struct scard_reader *reader = usb_get_intfdata(intf);

	scard_dev_lost_power(reader);
	scard_dev_resume(reader);
	return 0;
}

static int ccid_usb_pre_reset(struct usb_interface *intf)
{
	struct scard_reader *reader = usb_get_intfdata(intf);

	ccid_cmd_port_reset(to_ccid_reader(reader));
	scard_dev_suspend(reader, false);
	return 0;
}

static int ccid_usb_suspend(struct usb_interface *intf, pm_message_t message)
{
	scard_dev_suspend(usb_get_intfdata(intf), !PMSG_IS_AUTO(message));
	return 0;
}

/* Readers from before the class had a number; they have the class descriptor. */
#define CCID_VENDOR(vendor, product) \
	{ USB_DEVICE_INTERFACE_CLASS(vendor, product, USB_CLASS_VENDOR_SPEC) }

static const struct usb_device_id ccid_usb_ids[] = {
	{ .match_flags = USB_DEVICE_ID_MATCH_INT_CLASS, .bInterfaceClass = USB_CLASS_CSCID },
	CCID_VENDOR(0x046a, 0x003e),	/* Cherry SmartTerminal ST-2xxx */
	CCID_VENDOR(0x04e6, 0x5111),	/* SCM SCR331-DI */
	CCID_VENDOR(0x04e6, 0x511a),	/* SCM SCR3310-NTTCom */
	CCID_VENDOR(0x04e6, 0x5120),	/* SCM SCR331-DI of NTTCom */
	CCID_VENDOR(0x04e6, 0x5121),	/* SCM SDI010 */
	CCID_VENDOR(0x04e6, 0x512b),	/* SCM SDI011 */
	CCID_VENDOR(0x04e6, 0x512c),	/* SCM SDI011 */
	CCID_VENDOR(0x04e6, 0x5291),	/* SCM SCL010 */
	CCID_VENDOR(0x04e6, 0x5292),	/* SCM SCL01x */
	CCID_VENDOR(0x04e6, 0xe003),	/* SCM SPRx32 */
	CCID_VENDOR(0x076b, 0x532a),	/* Omnikey */
	CCID_VENDOR(0x08e6, 0x1359),	/* Gemplus GEM USB COMBI-M */
	CCID_VENDOR(0x08e6, 0x2202),	/* Gemplus Gem e-Seal Pro */
	CCID_VENDOR(0x08e6, 0xace0),	/* Gemplus GEM USB COMBI */
	CCID_VENDOR(0x0973, 0x0003),	/* SchlumbergerSema Cyberflex Access, ICCD version A */
	CCID_VENDOR(0x09be, 0x0002),	/* MySmart Pad */
	CCID_VENDOR(0x0c4b, 0x0300),	/* Reiner-SCT cyberJack pinpad(a) */
	CCID_VENDOR(0x1a74, 0x6354),	/* OCS ID-One Cosmo, ICCD version B */
	CCID_VENDOR(0x413c, 0x2100),	/* Dell keyboard */
	{ }
};
MODULE_DEVICE_TABLE(usb, ccid_usb_ids);

static struct usb_driver ccid_usb_driver = {
	.name = "scard",
	.probe = ccid_usb_probe,
	.disconnect = ccid_usb_disconnect,
	.suspend = ccid_usb_suspend,
	.resume = ccid_usb_woken,
	.reset_resume = ccid_usb_woken,
	.pre_reset = ccid_usb_pre_reset,
	.post_reset = ccid_usb_woken,
	.id_table = ccid_usb_ids,
	.supports_autosuspend = 1,
	/* the cards are powered off over the pipes when the driver is unbound */
	.soft_unbind = 1,
};

/**
 * ccid_usb_init() - start binding readers
 *
 * Return: 0 or a negative errno
 */
int ccid_usb_init(void)
{
	return usb_register(&ccid_usb_driver);
}

/**
 * ccid_usb_exit() - unbind all readers
 */
void ccid_usb_exit(void)
{
	usb_deregister(&ccid_usb_driver);
}
