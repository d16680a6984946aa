// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Logs in and out with libiscsi, so many times at once, over and over, and prints what it took.
//
//   libiscsi_login PORTAL TARGET INITIATOR CONCURRENCY UNMEASURED LOGINS
//
// Names and secrets come by the environment: FORWARD_NAME and FORWARD_SECRET for what we prove, REVERSE_NAME and
// REVERSE_SECRET for what the target proves. Without them there is no authentication.

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <iscsi/iscsi.h>

#define PATIENCE_SECONDS 300

enum progress { UNDER_WAY, LOGGED_OUT };

// One connection after the other.
struct place {
	struct iscsi_context *context;
	enum progress progress;
};

static const char *portal, *target, *initiator;
static const char *forward_name, *forward_secret, *reverse_name, *reverse_secret;
static unsigned long begun;

static void give_up(struct iscsi_context *context, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, context ? iscsi_get_error(context) : strerror(errno));
	exit(1);
}

static void logged_out(struct iscsi_context *context, int status, void *data, void *place)
{
	(void)data;
	if (status != SCSI_STATUS_GOOD)
		give_up(context, "logout");
	((struct place *)place)->progress = LOGGED_OUT;
}

static void logged_in(struct iscsi_context *context, int status, void *data, void *place)
{
	(void)data;
	if (status != SCSI_STATUS_GOOD)
		give_up(context, "login");
	if (iscsi_logout_async(context, logged_out, place) != 0)
		give_up(context, "logout");
}

// Called once more when the connection ends, which it may as soon as the logout was answered.
static void connected(struct iscsi_context *context, int status, void *data, void *place)
{
	(void)data;
	if (((struct place *)place)->progress == LOGGED_OUT)
		return;
	if (status != SCSI_STATUS_GOOD)
		give_up(context, "connect");
	if (iscsi_login_async(context, logged_in, place) != 0)
		give_up(context, "login");
}

static void set_secrets(struct iscsi_context *context)
{
	if (forward_name && iscsi_set_initiator_username_pwd(context, forward_name, forward_secret) != 0)
		give_up(context, "what we prove");
	if (reverse_name && iscsi_set_target_username_pwd(context, reverse_name, reverse_secret) != 0)
		give_up(context, "what the target proves");
}

// No two sessions have the same ISID: none ends another.
static void begin(struct place *place)
{
	struct iscsi_context *context = iscsi_create_context(initiator);
	if (context == NULL)
		give_up(NULL, "context");
	place->context = context;
	place->progress = UNDER_WAY;
	iscsi_set_isid_random(context, begun >> 16 & 0xffffff, begun & 0xffff);
	begun++;
	iscsi_set_noautoreconnect(context, 1);
	iscsi_set_session_type(context, ISCSI_SESSION_NORMAL);
	iscsi_set_header_digest(context, ISCSI_HEADER_DIGEST_NONE);
	iscsi_set_targetname(context, target);
	set_secrets(context);
	if (iscsi_connect_async(context, portal, connected, place) != 0)
		give_up(context, "connect");
}

static void end(struct place *place)
{
	iscsi_disconnect(place->context);
	iscsi_destroy_context(place->context);
	place->context = NULL;
}

// Lets libiscsi work where something happened. Returns how many logins ended.
static unsigned long serve(struct place *places, struct pollfd *polled, unsigned long count)
{
	unsigned long ended = 0;
	for (unsigned long i = 0; i < count; i++) {
		if (polled[i].fd < 0 || polled[i].revents == 0)
			continue;
		int failed = iscsi_service(places[i].context, polled[i].revents);
		if (places[i].progress == LOGGED_OUT) {
			end(&places[i]);
			ended++;
		} else if (failed) {
			give_up(places[i].context, "service");
		}
	}
	return ended;
}

static void wait_for_events(const struct place *places, struct pollfd *polled, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		struct iscsi_context *context = places[i].context;
		polled[i].fd = context ? iscsi_get_fd(context) : -1;
		polled[i].events = context ? iscsi_which_events(context) : 0;
		polled[i].revents = 0;
	}
	if (poll(polled, count, -1) < 0 && errno != EINTR)
		give_up(NULL, "poll");
}

// So many logins, as many at once as there are places.
static void log_in(struct place *places, struct pollfd *polled, unsigned long count, unsigned long logins)
{
	unsigned long to_begin = logins, to_end = logins;
	while (to_end > 0) {
		for (unsigned long i = 0; i < count && to_begin > 0; i++) {
			if (places[i].context == NULL) {
				begin(&places[i]);
				to_begin--;
			}
		}
		wait_for_events(places, polled, count);
		to_end -= serve(places, polled, count);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count_of_arguments, char **arguments)
{
	if (count_of_arguments != 7) {
		fprintf(stderr, "usage: %s PORTAL TARGET INITIATOR CONCURRENCY UNMEASURED LOGINS\n", arguments[0]);
		return 2;
	}
	portal = arguments[1];
	target = arguments[2];
	initiator = arguments[3];
	unsigned long concurrency = strtoul(arguments[4], NULL, 10);
	unsigned long unmeasured = strtoul(arguments[5], NULL, 10);
	unsigned long logins = strtoul(arguments[6], NULL, 10);
	forward_name = getenv("FORWARD_NAME");
	forward_secret = getenv("FORWARD_SECRET");
	reverse_name = getenv("REVERSE_NAME");
	reverse_secret = getenv("REVERSE_SECRET");
	if ((forward_name && !forward_secret) || (reverse_name && !reverse_secret)) {
		fprintf(stderr, "a name without a secret\n");
		return 2;
	}
	// A target that no longer answers is no figure.
	alarm(PATIENCE_SECONDS);
	struct place *places = calloc(concurrency, sizeof *places);
	struct pollfd *polled = calloc(concurrency, sizeof *polled);
	if (places == NULL || polled == NULL)
		give_up(NULL, "memory");
	log_in(places, polled, concurrency, unmeasured);
	double began = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	log_in(places, polled, concurrency, logins);
	began = seconds(CLOCK_MONOTONIC) - began;
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("{\"operations\": %lu, \"unmeasured\": %lu, \"seconds\": %.9f, \"cpu_seconds\": %.9f}\n",
	       logins, unmeasured, began, used);
	return 0;
}
