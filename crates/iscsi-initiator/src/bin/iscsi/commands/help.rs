//! `iscsi help`

use clap::{Args, CommandFactory as _};

use super::CommandLine;
use crate::arguments::topics;
use crate::failure::Failure;
use crate::output;

pub(super) const EXAMPLE: &str = "Example: iscsi help secrets";
pub(super) const DETAILS: &str = "\
Topics:
  connection  names, redirection, time limits and digests
  secrets     CHAP secrets, required authentication, and the secret store
  urls        iscsi://host[:port]/target[/lun]
  output      tables, JSON, errors and log lines
  exit-codes  how the program ends";

#[derive(Args)]
pub(crate) struct Help {
    /// A command, such as read or secret set, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

impl Help {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let page = match &self.words[..] {
            [topic] => topics::page(topic).or_else(|| of_command(&self.words)),
            words => of_command(words),
        };
        let page = page.ok_or_else(|| {
            let hint = "`iscsi --help` lists the commands, `iscsi help help` the topics";
            Failure::usage("there is no such command or topic", hint)
        })?;
        output::print(page.trim_end())
    }
}

/// The page of a command, or without words that of the program.
fn of_command(words: &[String]) -> Option<String> {
    let mut program = CommandLine::command();
    program.build();
    let found = words.iter().try_fold(&mut program, |command, word| command.find_subcommand_mut(word))?;
    Some(found.render_help().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::topics::TOPICS;

    #[test]
    fn every_topic_is_listed_where_topics_are() {
        for (topic, _) in TOPICS {
            assert!(DETAILS.contains(&format!("\n  {topic} ")), "{topic}");
            assert!(super::super::OVERVIEW.contains(topic), "{topic}");
        }
    }
}
