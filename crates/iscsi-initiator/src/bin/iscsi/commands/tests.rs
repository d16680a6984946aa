//! Complaints about the arguments repeat no value, and every page of help has its form.

use clap::{Arg, CommandFactory as _, Parser as _};

use super::*;
use crate::messages::without_values;

const SECRET: &str = "hunter2hunter2";

/// The error of clap about these arguments, after the program's name.
fn complaint(arguments: &[&str]) -> String {
    let typed = std::iter::once("iscsi").chain(arguments.iter().copied());
    let error = CommandLine::try_parse_from(typed).err();
    error.map(|error| without_values(error).render().to_string()).unwrap_or_default()
}

/// The words of every command.
fn commands(command: &clap::Command, above: &[String]) -> Vec<Vec<String>> {
    let mut found = vec![above.to_vec()];
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let words = [above, &[command.get_name().to_owned()]].concat();
        found.extend(commands(command, &words));
    }
    found
}

/// The options of a command; those that every command takes count as options of the program and of one command.
fn options_of(words: &[String]) -> Vec<String> {
    let mut command = CommandLine::command();
    command.build();
    let found = words.iter().fold(&command, |command, word| command.find_subcommand(word).unwrap());
    let everywhere = words.is_empty() || words == ["login"];
    let options = found.get_arguments().filter(|option| everywhere || !option.is_global_set());
    options.filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
}

/// Every command, every option, every spelling: no complaint of clap repeats what was typed.
#[test]
fn no_complaint_of_clap_repeats_a_value() {
    let url = format!("iscsi://user%{SECRET}@host/iqn.2001-04.com.example:disk/0");
    let values = [url.as_str(), SECRET, "314159265358", "-314159265358"];
    let kept_out = |said: &str, typed: &[&str]| {
        assert!(!said.contains(SECRET) && !said.contains("314159265358"), "{typed:?}: {said}");
    };
    let mut complaints = 0;
    for words in commands(&CommandLine::command(), &[]) {
        let options = options_of(&words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for value in values {
            let mut check = |more: &[&str]| {
                let said = complaint(&[&words[..], more].concat());
                complaints += usize::from(!said.is_empty());
                kept_out(&said, &[&words[..], more].concat());
            };
            check(&[value]);
            check(&["URL", value, value, value]);
            check(&["--", value, value, value]);
            check(&[&format!("--unknown={value}")]);
            check(&[&format!("--{value}")]);
            check(&[&format!("-{value}")]);
            for option in &options {
                check(&[&format!("{option}={value}")]);
                check(&[option, value]);
                check(&["URL", "URL", "-o", "x", "-i", "x", option, value]);
            }
        }
    }
    assert!(complaints > 500, "{complaints}");
}

#[test]
fn complaints_still_say_what_is_wrong() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["login", "URL", "--auth", "kerberos"], &["invalid value '…' for '--auth <HOW>'", "if-asked"]),
        (&["login", "URL", "--auht", "chap"], &["unexpected argument '--auht' found", "'--auth'"]),
        (&["login", "URL", "URL"], &["unexpected argument '…' found", "Usage: iscsi login"]),
        (&["login", "URL", "--hunter2hunter2"], &["unexpected argument '…' found"]),
        (&["login", "URL", "--timeout", "0"], &["'…' for '--timeout <SECONDS>': seconds have to be above 0"]),
        (&["logni", "URL"], &["unrecognized subcommand '…'", "'login'"]),
        (&["login"], &["the following required arguments were not provided", "<URL>"]),
        (&["login", "URL", "--store="], &["'--store <PATH>'"]),
    ];
    for (arguments, parts) in cases {
        let said = complaint(arguments);
        for part in parts {
            assert!(said.contains(part), "not {part:?} in {said}");
        }
    }
}
