//! The order of arguments: options may stand before the command as well as after it.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// Moves the options that stand before a command, or between a command and its subcommand, behind it, where clap expects
/// them. Without a command the arguments stay as they are.
pub(crate) fn options_after_command(arguments: Vec<OsString>, program: &Command) -> Vec<OsString> {
    let mut left = arguments.iter().cloned();
    let mut path: Vec<OsString> = left.next().into_iter().collect();
    let (mut command, mut options) = (program, Vec::new());
    while command.has_subcommands() {
        let Some(argument) = left.next() else { break };
        if let Some(subcommand) = command.find_subcommand(&argument) {
            path.push(argument);
            command = subcommand;
            continue;
        }
        if !argument.as_encoded_bytes().starts_with(b"-") {
            return arguments;
        }
        let value = takes_value(&argument, program).then(|| left.next()).flatten();
        options.extend([Some(argument), value].into_iter().flatten());
    }
    if std::ptr::eq(command, program) {
        return arguments;
    }
    path.into_iter().chain(options).chain(left).collect()
}

/// Whether the argument after this one is its value: that is the same for all commands that have the option, except for
/// `--target` of `reset`, which stands behind the command.
fn takes_value(argument: &OsStr, command: &Command) -> bool {
    let is_it = |option: &&Arg| {
        let Some(text) = argument.to_str() else { return false };
        let short = option
            .get_short()
            .is_some_and(|short| text.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])));
        short || option.get_long().is_some_and(|long| text.strip_prefix("--") == Some(long))
    };
    command.get_arguments().find(is_it).is_some_and(|option| option.get_action().takes_values())
        || command.get_subcommands().any(|subcommand| takes_value(argument, subcommand))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::commands::CommandLine;

    fn ordered(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let ordered = options_after_command(arguments, &CommandLine::command());
        ordered.iter().map(|argument| argument.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_before_a_command_go_behind_it() {
        for (line, expected) in [
            ("iscsi --timeout 3 -v login URL", "iscsi login --timeout 3 -v URL"),
            ("iscsi --user login --strict login URL", "iscsi login --user login --strict URL"),
            ("iscsi --user=login login URL", "iscsi login --user=login URL"),
            ("iscsi --store x secret --key-file k list", "iscsi secret list --store x --key-file k"),
            ("iscsi -o file read URL", "iscsi read -o file URL"),
        ] {
            assert_eq!(ordered(line), expected);
        }
    }

    #[test]
    fn everything_else_stays() {
        for line in [
            "iscsi",
            "iscsi login URL --timeout 3",
            "iscsi --version",
            "iscsi -v",
            "iscsi --timeout",
            "iscsi unknown --timeout 3",
            "iscsi secret",
            "iscsi secret --store",
        ] {
            assert_eq!(ordered(line), line);
        }
    }
}
