//! The file `initiatorname.iscsi`, read as open-iscsi reads it.
//!
//! A line with the key `InitiatorName` before the first `=` counts; blanks around key and value are ignored, and a `#`
//! before the key makes the line a comment. The first such line with a value holds the name, up to the end of the line. All
//! other lines are ignored. One difference is intended: open-iscsi sends quotation marks around the name as part of it,
//! which no target expects, while boot scripts, which read the file as a shell does, remove them.

/// The key of the line that counts.
const KEY: &str = "InitiatorName";

/// The name in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameFile {
    pub(super) name: String,
    /// The number of its line.
    pub(super) line: usize,
    /// Remarks about malformed lines.
    pub(super) remarks: Vec<String>,
}

/// An error in a file that can be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameFileFault {
    #[error("line {number}: {reason}")]
    Line { number: usize, reason: String },
    #[error("there is no line {KEY}=…")]
    NoLine,
    #[error("the file is larger than 64 KiB")]
    TooLarge,
}

impl NameFile {
    /// Reads the lines up to the one with the name.
    pub(super) fn parse(content: &[u8]) -> Result<Self, NameFileFault> {
        let mut ignored = Vec::new();
        for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            match value(line) {
                None => {}
                Some(Err(reason)) => ignored.push((number, reason)),
                Some(Ok(value)) => {
                    let remarks =
                        ignored.iter().map(|(line, reason)| format!("line {line} is ignored: {reason}"));
                    return Ok(Self::of_value(&value, number, remarks.collect()));
                }
            }
        }
        Err(match ignored.first() {
            Some((number, reason)) => NameFileFault::Line { number: *number, reason: (*reason).to_owned() },
            None => NameFileFault::NoLine,
        })
    }

    fn of_value(value: &str, line: usize, mut remarks: Vec<String>) -> Self {
        let name = without_quotes(value).unwrap_or(value);
        if name != value {
            remarks.push(format!(
                "line {line}: the quotation marks are left out; open-iscsi sends them as a part of the name"
            ));
        }
        Self { name: name.to_owned(), line, remarks }
    }
}

/// Returns the value of a line; `None` for a line with another key.
fn value(line: &[u8]) -> Option<Result<String, &'static str>> {
    let (key, value) = match line.iter().position(|byte| *byte == b'=') {
        Some(at) => (line.get(..at)?, line.get(at + 1..)),
        None => (line, None),
    };
    if key.trim_ascii() != KEY.as_bytes() {
        return None;
    }
    Some(match value.map(|value| str::from_utf8(value).map(str::trim)) {
        None => Err("there is no = behind the key"),
        Some(Err(_)) => Err("the value is not UTF-8"),
        Some(Ok("")) => Err("there is no value behind the ="),
        Some(Ok(value)) => Ok(value.to_owned()),
    })
}

/// Returns the text between two quotation marks of one kind.
fn without_quotes(value: &str) -> Option<&str> {
    let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "iqn.2001-04.com.example:host";

    fn parse(text: &str) -> Result<NameFile, NameFileFault> {
        NameFile::parse(text.replace("NAME", NAME).as_bytes())
    }

    #[track_caller]
    fn named(text: &str, line: usize) {
        let file = parse(text).unwrap();
        assert_eq!((file.name.as_str(), file.line, file.remarks), (NAME, line, Vec::new()), "{text:?}");
    }

    #[test]
    fn blanks_and_remarks_are_those_of_open_iscsi() {
        named("InitiatorName=NAME", 1);
        named("InitiatorName=NAME\r\n", 1);
        named("\n \t InitiatorName \t=\t NAME \t\n", 2);
        named(
            "## DO NOT EDIT\n#InitiatorName=iqn.2001-04.com.example:old\n # InitiatorName=x\nInitiatorName=NAME",
            4,
        );
        named("InitiatorAlias=host\nGenerateName=no\nInitiatorNameOld=x\nInitiatorName=NAME", 4);
        // The first one counts.
        named("InitiatorName=NAME\nInitiatorName=iqn.2001-04.com.example:other\n", 1);
    }

    #[test]
    fn behind_the_key_a_number_sign_belongs_to_the_value() {
        assert_eq!(
            parse("InitiatorName=NAME # of this host").unwrap().name,
            format!("{NAME} # of this host")
        );
    }

    #[test]
    fn quotation_marks_are_left_out_with_a_remark() {
        for text in ["InitiatorName=\"NAME\"", "InitiatorName = ' NAME '"] {
            let file = parse(text).unwrap();
            assert_eq!(file.name, NAME);
            assert!(file.remarks[0].starts_with("line 1: the quotation marks"), "{:?}", file.remarks);
        }
        // One mark, or two kinds, quote nothing.
        for text in ["InitiatorName=\"NAME", "InitiatorName=\"NAME'", "InitiatorName=\""] {
            let file = parse(text).unwrap();
            assert!(file.name.starts_with('"') && file.remarks.is_empty(), "{file:?}");
        }
    }

    #[test]
    fn lines_without_a_value_are_passed_over_and_told() {
        let file = parse("InitiatorName\nInitiatorName=  \nInitiatorName=NAME").unwrap();
        assert_eq!((file.name.as_str(), file.line), (NAME, 3));
        assert_eq!(
            file.remarks,
            [
                "line 1 is ignored: there is no = behind the key",
                "line 2 is ignored: there is no value behind the ="
            ]
        );
    }

    #[test]
    fn a_file_without_a_name_says_why() {
        assert_eq!(parse(""), Err(NameFileFault::NoLine));
        assert_eq!(parse("GenerateName=yes\ninitiatorname=NAME\n"), Err(NameFileFault::NoLine));
        let fault = |number, reason: &str| Err(NameFileFault::Line { number, reason: reason.to_owned() });
        assert_eq!(parse("#\nInitiatorName="), fault(2, "there is no value behind the ="));
        assert_eq!(NameFile::parse(b"InitiatorName=\xff"), fault(1, "the value is not UTF-8"));
    }
}
