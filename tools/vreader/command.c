// SPDX-License-Identifier: GPL-2.0-or-later
#include "command.h"

#include <string.h>

const struct command_info command_table[NUM_COMMANDS] = {
	{ PC_ICCPOWERON, RDR_DATABLOCK, "IccPowerOn", 0, 6, false },
	{ PC_ICCPOWEROFF, RDR_SLOTSTATUS, "IccPowerOff", 0, 7, false },
	{ PC_GETSLOTSTATUS, RDR_SLOTSTATUS, "GetSlotStatus", 0, 7, false },
	{ PC_XFRBLOCK, RDR_DATABLOCK, "XfrBlock", -1, 0, true },
	{ PC_GETPARAMETERS, RDR_PARAMETERS, "GetParameters", 0, 7, true },
	{ PC_RESETPARAMETERS, RDR_PARAMETERS, "ResetParameters", 0, 7, true },
	{ PC_SETPARAMETERS, RDR_PARAMETERS, "SetParameters", -1, 6, true },
	{ PC_ESCAPE, RDR_ESCAPE, "Escape", -1, 7, false },
	{ PC_ICCCLOCK, RDR_SLOTSTATUS, "IccClock", 0, 6, true },
	{ PC_T0APDU, RDR_SLOTSTATUS, "T0APDU", 0, 0, false },
	{ PC_SECURE, RDR_DATABLOCK, "Secure", -1, 0, true },
	{ PC_MECHANICAL, RDR_SLOTSTATUS, "Mechanical", 0, 6, false },
	{ PC_ABORT, RDR_SLOTSTATUS, "Abort", 0, 7, false },
	{ PC_SETDATARATE, RDR_DATARATE, "SetDataRateAndClockFrequency", 8, 7, false },
};

const struct command_info *command_by_type(uint8_t type)
{
	for (int i = 0; i < NUM_COMMANDS; i++)
		if (command_table[i].type == type)
			return &command_table[i];
	return NULL;
}

const struct command_info *command_by_name(const char *name)
{
	for (int i = 0; i < NUM_COMMANDS; i++)
		if (!strcmp(command_table[i].name, name))
			return &command_table[i];
	return NULL;
}

int command_index(const struct command_info *info)
{
	return (int)(info - command_table);
}
