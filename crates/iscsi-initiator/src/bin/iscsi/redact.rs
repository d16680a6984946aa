//! Messages about arguments, without the URLs in them.

use std::env;
use std::process::ExitCode;

use crate::exit::Exit;

/// What stands in the place of a URL.
const REDACTED: &str = "iscsi://…";

/// Prints what clap says. It repeats arguments, and a URL can hold a secret.
pub(crate) fn print(message: &clap::Error) -> ExitCode {
    let holds_url = env::args_os().any(|argument| url_in(&argument.to_string_lossy()).is_some());
    if !message.use_stderr() || !holds_url {
        return match message.print() {
            Ok(()) => u8::try_from(message.exit_code()).map_or(Exit::Other.into(), ExitCode::from),
            Err(_) => Exit::Local.into(),
        };
    }
    let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    eprint!("{}", without_urls(message.render().to_string(), arguments));
    Exit::Usage.into()
}

fn without_urls(mut text: String, arguments: impl Iterator<Item = String>) -> String {
    for argument in arguments {
        if let Some(url) = url_in(&argument) {
            text = text.replace(url, REDACTED);
        }
    }
    text
}

/// What follows the first `iscsi:` of an argument, in whatever case, that included.
fn url_in(argument: &str) -> Option<&str> {
    let at = argument.to_ascii_lowercase().find("iscsi:")?;
    argument.get(at..)
}

#[cfg(test)]
mod tests {
    use super::without_urls;

    #[test]
    fn urls_of_the_arguments_are_not_repeated() {
        let arguments = ["iscsi", "--offset=ISCSI://u%hunter2@h/iqn", "iscsi://u%hunter3@h/iqn"];
        let text = "invalid 'ISCSI://u%hunter2@h/iqn', unexpected 'iscsi://u%hunter3@h/iqn'".to_owned();
        let shown = without_urls(text, arguments.iter().map(ToString::to_string));
        assert_eq!(shown, "invalid 'iscsi://…', unexpected 'iscsi://…'");
    }
}
