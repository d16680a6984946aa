//! Scripts that violate the CHAP exchange (RFC 7143, 12.1.3).

use iscsi_pdu::{
    LoginRequest, LoginResponse, LoginStatus, Stage, TextKeys, TextWriter, decode_binary, encode_hex,
    parse_number,
};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::{Script, login};

/// The identifier and challenge that targets send.
const IDENTIFIER: u8 = 0x5a;
const CHALLENGE: [u8; 16] = *b"fixed challenge!";

/// The value of a key in a request, if it is there.
fn value_of(request: &LoginRequest, key: &str) -> Option<String> {
    TextKeys::parse(&request.text).ok()?.get(key).map(str::to_owned)
}

fn challenge() -> TextWriter {
    TextWriter::new().pair("CHAP_A", 5).pair("CHAP_I", IDENTIFIER).pair("CHAP_C", encode_hex(&CHALLENGE))
}

/// The MD5 response to the initiator's challenge in `request`.
fn response_to(request: &LoginRequest, secret: &[u8]) -> Option<String> {
    let identifier = u8::try_from(parse_number(&value_of(request, "CHAP_I")?).ok()?).ok()?;
    let challenge = decode_binary(&value_of(request, "CHAP_C")?, 1024).ok()?;
    let response = Md5::new().chain_update([identifier]).chain_update(secret).chain_update(challenge);
    Some(encode_hex(&response.finalize()))
}

/// Ends the security stage with these keys.
fn end_of_security(request: &LoginRequest, text: TextWriter) -> LoginResponse {
    login::with_transition(request, Stage::OPERATIONAL, text)
}

impl Script {
    /// Then chooses CHAP, as it should.
    #[must_use]
    pub fn choose_chap(self) -> Self {
        self.answer_login(login::method("CHAP"))
    }

    /// Then chooses MD5 and challenges, as it should.
    #[must_use]
    pub fn challenge(self) -> Self {
        self.answer_login(|request| login::with_text(request, challenge()))
    }

    /// Chooses CHAP, and then answers the offer of algorithms with these keys.
    #[must_use]
    pub fn challenges_with(keys: impl Fn(&LoginRequest) -> TextWriter + Send + Sync + 'static) -> Self {
        Self::new().choose_chap().answer_login(move |request| login::with_text(request, keys(request)))
    }

    /// Answers the CHAP response of the initiator with these keys and leaves the security stage; all earlier answers conform.
    #[must_use]
    pub fn answers_challenge_with(
        keys: impl Fn(&LoginRequest) -> TextWriter + Send + Sync + 'static,
    ) -> Self {
        Self::new()
            .choose_chap()
            .challenge()
            .answer_login(move |request| end_of_security(request, keys(request)))
    }

    /// Leaves the security stage without a CHAP response of its own: no CHAP key at all.
    #[must_use]
    pub fn omits_chap_response() -> Self {
        Self::answers_challenge_with(|_| TextWriter::new())
    }

    /// Goes to full feature phase without a CHAP response of its own.
    #[must_use]
    pub fn completes_without_chap_response() -> Self {
        Self::new().choose_chap().challenge().answer_login(login::straight_to_full_feature)
    }

    /// Gives its name and no response.
    #[must_use]
    pub fn sends_chap_name_only() -> Self {
        Self::answers_challenge_with(|_| TextWriter::new().pair("CHAP_N", "scripted"))
    }

    /// Gives a response made of nothing.
    #[must_use]
    pub fn sends_wrong_chap_response() -> Self {
        Self::answers_challenge_with(|_| {
            TextWriter::new().pair("CHAP_N", "scripted").pair("CHAP_R", encode_hex(&[0x11; 16]))
        })
    }

    /// Answers with the MD5 response computed from `secret`, under this name. With the reverse secret the response is
    /// right; the forward secret imitates a reflection of the initiator's challenge (9.2.1).
    #[must_use]
    pub fn authenticates_with_secret(name: &'static str, secret: &[u8]) -> Self {
        let secret = Zeroizing::new(secret.to_vec());
        Self::answers_challenge_with(move |request| {
            let response = response_to(request, &secret).unwrap_or_default();
            TextWriter::new().pair("CHAP_N", name).pair("CHAP_R", response)
        })
    }

    /// Sends the initiator's own CHAP response back.
    #[must_use]
    pub fn reflects_response() -> Self {
        Self::answers_challenge_with(|request| {
            let response = value_of(request, "CHAP_R").unwrap_or_default();
            TextWriter::new().pair("CHAP_N", "scripted").pair("CHAP_R", response)
        })
    }

    /// Sends the initiator's own challenge back, in the hope of an answer to use as its own (9.2.1).
    #[must_use]
    pub fn reflects_challenge() -> Self {
        Self::new().choose_chap().challenge().answer_login(|request| {
            let mut text = TextWriter::new().pair("CHAP_A", 5);
            for key in ["CHAP_I", "CHAP_C"] {
                text.push(key, value_of(request, key).unwrap_or_default());
            }
            login::with_text(request, text)
        })
    }

    /// Refuses the initiator's CHAP response, whether it is right or wrong.
    #[must_use]
    pub fn refuses_chap_response(status: LoginStatus) -> Self {
        Self::new().choose_chap().challenge().answer_login(login::status(status))
    }

    /// Chooses the algorithm of this number, offered or not, with a challenge of 32 bytes.
    #[must_use]
    pub fn chooses_algorithm(value: &'static str) -> Self {
        Self::challenges_with(move |_| {
            TextWriter::new()
                .pair("CHAP_A", value)
                .pair("CHAP_I", IDENTIFIER)
                .pair("CHAP_C", encode_hex(&[CHALLENGE, CHALLENGE].concat()))
        })
    }

    /// Names two algorithms where one has to be chosen.
    #[must_use]
    pub fn chooses_two_algorithms() -> Self {
        Self::chooses_algorithm("5,7")
    }

    /// Sends no `CHAP_C`.
    #[must_use]
    pub fn challenges_without_challenge() -> Self {
        Self::challenges_with(|_| TextWriter::new().pair("CHAP_A", 5).pair("CHAP_I", IDENTIFIER))
    }

    /// Sends `CHAP_I` twice.
    #[must_use]
    pub fn challenges_with_duplicate_key() -> Self {
        Self::challenges_with(|_| challenge().pair("CHAP_I", IDENTIFIER))
    }

    /// Sends a challenge of so many bytes; 1024 is the most that is allowed.
    #[must_use]
    pub fn challenges_with_length(bytes: usize) -> Self {
        Self::challenges_with(move |_| {
            TextWriter::new()
                .pair("CHAP_A", 5)
                .pair("CHAP_I", IDENTIFIER)
                .pair("CHAP_C", encode_hex(&vec![0x5a; bytes]))
        })
    }
}
