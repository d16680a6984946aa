// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reads or writes with libiscsi, a fixed number in flight, and prints the time and the processor time. Every operation in
// flight has a buffer of its own, into which its data land and from which they are sent.
//
//   libiscsi_io PORTAL TARGET INITIATOR LUN read|write LENGTH DEPTH UNMEASURED OPERATIONS

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#define PATIENCE_SECONDS 300

// One operation in flight. Reads alternate between two ranges.
struct place {
	struct scsi_iovec memory;
	unsigned long long lba[2];
	unsigned turn;
};

static struct iscsi_context *context;
static int lun, writes;
static unsigned long length, block_size;
// Operations that are to begin, and operations that are to end.
static unsigned long to_begin, to_end;

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, context ? iscsi_get_error(context) : strerror(errno));
	exit(1);
}

static void begin(struct place *place);

static void ended(struct iscsi_context *unused, int status, void *command, void *private_data)
{
	struct scsi_task *task = command;
	struct place *place = private_data;
	(void)unused;
	if (status != SCSI_STATUS_GOOD || task->residual_status != SCSI_RESIDUAL_NO_RESIDUAL)
		give_up("operation");
	scsi_free_scsi_task(task);
	to_end--;
	if (to_begin > 0)
		begin(place);
}

static void begin(struct place *place)
{
	unsigned long long lba = place->lba[place->turn];
	struct scsi_task *task;
	to_begin--;
	place->turn = !place->turn;
	if (writes)
		task = iscsi_write10_iov_task(context, lun, lba, NULL, length, block_size, 0, 0, 0, 0, 0,
					      ended, place, &place->memory, 1);
	else
		task = iscsi_read10_iov_task(context, lun, lba, length, block_size, 0, 0, 0, 0, 0,
					     ended, place, &place->memory, 1);
	if (task == NULL)
		give_up("submit");
}

static void run(struct place *places, unsigned long depth, unsigned long operations)
{
	to_begin = to_end = operations;
	for (unsigned long i = 0; i < depth && to_begin > 0; i++)
		begin(&places[i]);
	while (to_end > 0) {
		struct pollfd polled = { .fd = iscsi_get_fd(context), .events = iscsi_which_events(context) };
		if (poll(&polled, 1, -1) < 0 && errno != EINTR)
			give_up("poll");
		if (polled.revents != 0 && iscsi_service(context, polled.revents) != 0)
			give_up("service");
	}
}

static void log_in(const char *portal, const char *target, const char *initiator)
{
	context = iscsi_create_context(initiator);
	if (context == NULL)
		give_up("context");
	iscsi_set_noautoreconnect(context, 1);
	iscsi_set_session_type(context, ISCSI_SESSION_NORMAL);
	iscsi_set_header_digest(context, ISCSI_HEADER_DIGEST_NONE);
	iscsi_set_targetname(context, target);
	if (iscsi_full_connect_sync(context, portal, lun) != 0)
		give_up("login");
}

static void read_block_size(void)
{
	struct scsi_task *task = iscsi_readcapacity16_sync(context, lun);
	struct scsi_readcapacity16 *capacity;
	if (task == NULL || task->status != SCSI_STATUS_GOOD)
		give_up("capacity");
	capacity = scsi_datain_unmarshall(task);
	if (capacity == NULL || capacity->block_length == 0 || length % capacity->block_length != 0)
		give_up("block size");
	block_size = capacity->block_length;
	scsi_free_scsi_task(task);
}

static struct place *make_places(unsigned long depth)
{
	struct place *places = calloc(depth, sizeof *places);
	if (places == NULL)
		give_up("memory");
	for (unsigned long i = 0; i < depth; i++) {
		places[i].memory.iov_len = length;
		places[i].memory.iov_base = malloc(length);
		if (places[i].memory.iov_base == NULL)
			give_up("memory");
		memset(places[i].memory.iov_base, (int)i + 1, length);
		places[i].lba[0] = i * length / block_size;
		places[i].lba[1] = (writes ? i : depth + i) * length / block_size;
	}
	return places;
}

static double seconds(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count_of_arguments, char **arguments)
{
	if (count_of_arguments != 10) {
		fprintf(stderr, "usage: %s PORTAL TARGET INITIATOR LUN read|write LENGTH DEPTH UNMEASURED OPERATIONS\n",
			arguments[0]);
		return 2;
	}
	lun = atoi(arguments[4]);
	writes = strcmp(arguments[5], "write") == 0;
	length = strtoul(arguments[6], NULL, 10);
	unsigned long depth = strtoul(arguments[7], NULL, 10);
	unsigned long unmeasured = strtoul(arguments[8], NULL, 10);
	unsigned long operations = strtoul(arguments[9], NULL, 10);
	// A target that no longer answers is no figure.
	alarm(PATIENCE_SECONDS);
	log_in(arguments[1], arguments[2], arguments[3]);
	read_block_size();
	struct place *places = make_places(depth);
	run(places, depth, unmeasured);
	double began = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	run(places, depth, operations);
	began = seconds(CLOCK_MONOTONIC) - began;
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
	if (iscsi_logout_sync(context) != 0)
		give_up("logout");
	printf("{\"operations\": %lu, \"unmeasured\": %lu, \"seconds\": %.9f, \"cpu_seconds\": %.9f}\n",
	       operations, unmeasured, began, used);
	return 0;
}
