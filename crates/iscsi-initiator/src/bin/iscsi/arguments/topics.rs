//! Help topics: what `iscsi help TOPIC` shows beside the pages of the commands.

use clap::{Args, Command};

use super::{AuthenticationOptions, ConnectionOptions, RetryOptions, SecretOptions, StoreOptions};

/// The width of every page, in columns.
pub(crate) const WIDTH: usize = 80;

/// The name of a topic, and the function that makes its page.
type Topic = (&'static str, fn() -> String);

/// The topics.
pub(crate) const TOPICS: [Topic; 5] = [
    ("connection", connection),
    ("secrets", secrets),
    ("urls", || URLS.to_owned()),
    ("output", || OUTPUT.to_owned()),
    ("exit-codes", || EXIT_CODES.to_owned()),
];

const URLS: &str = "\
Example: iscsi info iscsi://[2001:db8::1]:3260/iqn.2001-04.com.example:disk/0

A URL names a portal, a target, and where a command needs one a logical unit:

  iscsi://host[:port]/target[/lun]

IPv6 addresses stand in brackets, and the port is 3260 by default. `iscsi
discover` takes a portal alone: host[:port].

The form of libiscsi is read too: iscsi://user%secret@host/target/lun, with
?target_user=, ?target_password= and ?header_digest=. Other users of this host
can read a secret in the arguments: prefer --secret-file or the secret store.
";

const OUTPUT: &str = "\
Example: iscsi luns --output json iscsi://192.0.2.1/iqn.2001-04.com.example:disk

Standard output has the result and nothing else: with --output table (the
default) columns for people, with --output json JSON in ASCII. An empty list is
[] in JSON; with tables, a line on standard error says that it is empty.

Standard error has notes, warnings and log lines; -v, -vv and -vvv log more. A
failure is `error: …` with its causes and, where known, a hint. With --output
json it is one JSON object on one line, the last on standard error:

  {\"error\": {fault, stage, message, causes, hint, exit_code}}

In JSON fields are added, never changed or removed; the schema files beside the
manifest of the crate document them. Messages show … in place of an argument
that may hold a secret. NO_COLOR turns off colours.
";

const EXIT_CODES: &str = "\
Example: iscsi login iscsi://192.0.2.1/iqn.2001-04.com.example:disk; echo $?

Exit codes:
   0  done; after `iscsi write`, `copy` and `zero`, all data are on stable
      storage
   1  anything that has no code of its own, such as wrong data found by
      `iscsi bench io --verify`, or interrupted
   2  usage: invalid arguments
   3  the target refused the initiator's credentials (status 0201, 0202)
   4  the target did not authenticate itself, or a required authentication did
      not take place
   5  the login was refused for another reason
   6  the target violated the protocol
   7  could not connect, connection lost, or timed out
   8  a SCSI command failed
   9  secret store or secret file
  10  local file, or data that do not match
";

/// The page of a topic.
pub(crate) fn page(topic: &str) -> Option<String> {
    TOPICS.iter().find(|(name, _)| *name == topic).map(|(_, make)| make())
}

fn connection() -> String {
    let example = "Example: iscsi login --strict iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
    let introduction = "Options of the commands that log in.";
    rendered(
        &format!("{example}\n\n{introduction}"),
        RetryOptions::augment_args(ConnectionOptions::augment_args(Command::new("connection"))),
    )
}

fn secrets() -> String {
    let example = "Example: iscsi secret set --target iqn.2001-04.com.example:disk --secret-file f";
    let introduction = "Options of the commands that log in, and of `iscsi secret` as far as they apply. Secrets come from \
                        these options, else from the URL, else from libiscsi's variables, else from the secret store.";
    let command = SecretOptions::augment_args(Command::new("secrets"));
    let command = StoreOptions::augment_args(AuthenticationOptions::augment_args(command));
    rendered(&format!("{example}\n\n{introduction}"), command)
}

/// The options of a command, each with its whole documentation.
fn rendered(introduction: &str, command: Command) -> String {
    let in_full = |argument: clap::Arg| {
        let documentation = argument.get_long_help().or(argument.get_help()).map(ToString::to_string);
        let text = documentation.unwrap_or_default().replace("\n\n", ". ");
        argument.help(text).help_heading("Options").hide_env(false).next_line_help(true)
    };
    let command = command.disable_help_flag(true).term_width(WIDTH).before_help(introduction.to_owned());
    command.help_template("{before-help}{all-args}").mut_args(in_full).render_help().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_fits_60_lines_of_80_columns_and_begins_with_an_example() {
        for (topic, _) in TOPICS {
            let page = page(topic).unwrap();
            assert!(page.starts_with("Example: iscsi "), "{page}");
            assert!(page.lines().count() <= 60, "{}: {page}", page.lines().count());
            assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
        }
    }

    #[test]
    fn topics_name_defaults_values_and_variables() {
        let secrets = page("secrets").unwrap();
        let words = secrets.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in
            ["[env: ISCSI_SECRET_STORE]", "/var/lib/iscsi-initiator", "if-asked", "sha3-256", "mode 0600"]
        {
            assert!(words.contains(part), "{part} in {words}");
        }
    }
}
