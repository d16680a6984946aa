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
        let forms = Forms::of(&argument, program);
        // Where the option is a flag of one command and has a value with another, the next word tells.
        let is_flag =
            forms.is_flag && left.clone().next().is_none_or(|next| command.find_subcommand(next).is_some());
        let value = (forms.has_value && !is_flag).then(|| left.next()).flatten();
        options.extend([Some(argument), value].into_iter().flatten());
    }
    if std::ptr::eq(command, program) {
        return arguments;
    }
    path.into_iter().chain(options).chain(left).collect()
}

/// The forms that an option has with the commands that have it.
#[derive(Clone, Copy, Default)]
struct Forms {
    has_value: bool,
    is_flag: bool,
}

impl Forms {
    /// The forms of an argument among the options of a command and its subcommands.
    fn of(argument: &OsStr, command: &Command) -> Self {
        let own = command.get_arguments().find(|option| is_option(argument, option));
        let own = own.map_or_else(Self::default, |option| {
            let has_value = option.get_action().takes_values();
            Self { has_value, is_flag: !has_value }
        });
        command.get_subcommands().fold(own, |forms, subcommand| {
            let Self { has_value, is_flag } = Self::of(argument, subcommand);
            Self { has_value: forms.has_value || has_value, is_flag: forms.is_flag || is_flag }
        })
    }
}

/// Whether an argument is this option, with its value, if it has one, in the argument after it.
fn is_option(argument: &OsStr, option: &Arg) -> bool {
    let Some(text) = argument.to_str() else { return false };
    let short = option
        .get_short()
        .is_some_and(|short| text.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])));
    short || option.get_long().is_some_and(|long| text.strip_prefix("--") == Some(long))
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
            ("iscsi reserve --key 0x1 reserve URL", "iscsi reserve reserve --key 0x1 URL"),
        ] {
            assert_eq!(ordered(line), expected);
        }
    }

    /// `--write` is a flag of `bench io` and has a file with `raw`; `--target` is one of `reset` and has a name with `secret`.
    #[test]
    fn an_option_with_two_forms_is_a_flag_before_a_command() {
        for (line, expected) in [
            ("iscsi --write bench io URL", "iscsi bench io --write URL"),
            ("iscsi bench --write io URL", "iscsi bench io --write URL"),
            ("iscsi --write data raw URL 00", "iscsi raw --write data URL 00"),
            ("iscsi --read 96 raw URL 00", "iscsi raw --read 96 URL 00"),
            ("iscsi --target reset URL", "iscsi reset --target URL"),
            ("iscsi secret --target iqn.x:y list", "iscsi secret list --target iqn.x:y"),
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
