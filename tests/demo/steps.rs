//! The steps of the demonstration.

use std::error::Error;
use std::time::Instant;

use iscsi_initiator::{
    Authenticated, AuthenticationRequest, BlockDevice, CompletedLogin, Fault, Lun, Parameters, Session,
};
use iscsi_secrets::vds::SharedSecret;
use iscsi_secrets::vds::object_id;
use iscsi_secrets::{ForwardCredential, ReverseCredential, Scope, Secret, SecretStore as _, generate_secret};

use crate::narrator::Narrator;
use crate::stage::{Stage, TARGET, TARGET_USER};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A multiple neither of the block size nor of any burst length.
const OFFSET: u64 = 1_000_003;
const LENGTH: usize = (8 << 20) + 12_345;

fn copy(secret: &Secret) -> Outcome<Secret> {
    Ok(Secret::from_bytes(secret.expose_secret())?)
}

pub(crate) fn remember_secrets(stage: &Stage, narrator: &mut Narrator) -> Outcome<()> {
    let name = stage.target_name()?;
    stage.store.set_forward(name.clone().into(), ForwardCredential::new(None, copy(&stage.forward)?)?)?;
    let reverse = ReverseCredential::new(Some(TARGET_USER.to_owned()), copy(&stage.reverse)?)?;
    stage.store.set_reverse(Scope::Target(name), reverse)?;
    let command = format!(
        "iscsi secret set --target {TARGET} --secret-file initiator-secret --target-user {TARGET_USER} \
         --target-secret-file target-secret"
    );
    narrator.say("The secrets of the initiator and of the target are stored", &command, &[]);
    Ok(())
}

pub(crate) async fn discover(stage: &Stage, narrator: &mut Narrator) -> Outcome<()> {
    let found = stage.initiator.discover(&stage.portal, &AuthenticationRequest::default()).await?;
    let lines: Vec<String> = found
        .targets
        .iter()
        .flat_map(|target| target.addresses.iter().map(|address| format!("{}  at {address}", target.name)))
        .collect();
    narrator.say("The portal is asked for its targets", &format!("iscsi discover {}", stage.portal), &lines);
    Ok(())
}

pub(crate) async fn log_in(stage: &Stage, narrator: &mut Narrator) -> Outcome<Session> {
    let session =
        stage.initiator.login(&stage.target, &stage.portal, &AuthenticationRequest::default()).await?;
    let lines = negotiated(&session.details().completed);
    narrator.say(
        "Initiator and target authenticate each other",
        &format!("iscsi login {}", stage.url()),
        &lines,
    );
    Ok(session)
}

/// The result of the login: authentication and negotiated parameters.
fn negotiated(completed: &CompletedLogin) -> Vec<String> {
    let who = match &completed.authenticated {
        Authenticated::Mutual(target) => {
            format!(
                "mutual CHAP ({}): the target authenticated itself as {:?}",
                target.algorithm(),
                target.name()
            )
        }
        Authenticated::Initiator { algorithm } => {
            format!("CHAP ({algorithm}): only the initiator authenticated itself")
        }
        Authenticated::None => "no authentication".to_owned(),
    };
    let Parameters { max_send_data_segment_length, max_burst_length, first_burst_length, .. } =
        completed.parameters;
    vec![
        who,
        format!("{} round trips, session {}", completed.round_trips, completed.tsih),
        format!(
            "MaxRecvDataSegmentLength {max_send_data_segment_length}, MaxBurstLength {max_burst_length}, \
                 FirstBurstLength {first_burst_length}"
        ),
    ]
}

pub(crate) async fn open(stage: &Stage, session: &Session, narrator: &mut Narrator) -> Outcome<BlockDevice> {
    let inquiry = session.inquiry(Lun::ZERO).await?;
    let disk = BlockDevice::open(session, Lun::ZERO).await?;
    let capacity = disk.capacity();
    let line = format!(
        "{} {}, {} blocks of {} bytes",
        inquiry.vendor, inquiry.product, capacity.blocks, capacity.block_size
    );
    narrator.say("The logical unit is queried", &format!("iscsi info {}/0", stage.url()), &[line]);
    Ok(disk)
}

pub(crate) async fn write(stage: &Stage, disk: &BlockDevice, narrator: &mut Narrator) -> Outcome<Vec<u8>> {
    let data: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
    let begun = Instant::now();
    disk.write_at(OFFSET, data.clone()).await?;
    disk.flush().await?;
    let line = format!("{LENGTH} bytes at offset {OFFSET}, {}; stable", rate(begun));
    let command = format!("iscsi write {}/0 --offset {OFFSET} -i data", stage.url());
    narrator.say("Data is written, not aligned to blocks", &command, &[line]);
    Ok(data)
}

pub(crate) async fn read_back(
    stage: &Stage,
    disk: &BlockDevice,
    written: &[u8],
    narrator: &mut Narrator,
) -> Outcome<()> {
    let begun = Instant::now();
    let read = disk.read_at(OFFSET, LENGTH).await?;
    let line = format!("{LENGTH} bytes, {}; identical", rate(begun));
    if read != written {
        return Err("other data came back than were written".into());
    }
    let command = format!("iscsi read {}/0 --offset {OFFSET} --length {LENGTH} -o copy", stage.url());
    narrator.say("The data is read back and compared", &command, &[line]);
    Ok(())
}

fn rate(begun: Instant) -> String {
    format!(
        "{:.0} MiB/s",
        f64::from(u32::try_from(LENGTH).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64() / 1_048_576.0
    )
}

pub(crate) async fn log_out(session: Session, narrator: &mut Narrator) -> Outcome<()> {
    session.logout().await?;
    narrator.say("The session is closed", "", &["every command above logs out by itself".to_owned()]);
    Ok(())
}

/// Sets another reverse secret through the VDS API; the target does not know it, so the login is refused.
pub(crate) async fn meet_an_impostor(stage: &Stage, narrator: &mut Narrator) -> Outcome<()> {
    let other = generate_secret()?;
    let id = object_id(&stage.target_name()?);
    stage.initiator.set_initiator_shared_secret(Some(&SharedSecret::of(other.expose_secret())), id).await?;
    let refused =
        stage.initiator.login(&stage.target, &stage.portal, &AuthenticationRequest::default()).await;
    let Err(error) = refused else { return Err("a target that does not know the secret got through".into()) };
    if error.fault() != Fault::TargetNotAuthenticated {
        return Err(error.into());
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let lines = [
        format!("error: {error}"),
        format!("caused by: {cause}"),
        "exit code 4; no command was sent".to_owned(),
    ];
    narrator.say(
        "A target that does not know the secret is refused",
        &format!("iscsi login {}", stage.url()),
        &lines,
    );
    Ok(())
}
