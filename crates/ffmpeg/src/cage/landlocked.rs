//! The cage by Landlock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};

use super::{Door, Given, SYSTEM, belonging, devices};

/// The newest version whose rights are asked for; an older kernel keeps to those it knows.
const KNOWN: ABI = ABI::V6;

/// What every program may write to.
const HARMLESS: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

/// Whether the kernel has it.
pub(super) fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let asked = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(ABI::V1))
            .and_then(Ruleset::create);
        asked.is_ok()
    })
}

/// The way into a cage that holds what this run of `program` is given.
///
/// # Errors
/// The kernel does not take the rules.
pub(super) fn door(program: &Path, given: &Given) -> io::Result<Door> {
    let rules = rules(program, given).map_err(io::Error::other)?;
    let mut rules = Some(rules);
    Ok(Box::new(move || match rules.take() {
        Some(rules) => rules
            .restrict_self()
            .map(drop)
            .map_err(|_| io::ErrorKind::PermissionDenied.into()),
        None => Ok(()),
    }))
}

fn rules(program: &Path, given: &Given) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::from_read(KNOWN);
    let write = AccessFs::from_write(KNOWN);
    let handled = if given.hardware { write } else { read | write };
    let rules = Ruleset::default()
        .handle_access(handled)?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?;
    let mut rules = rules;
    if given.hardware {
        for path in devices() {
            rules = allow(rules, &path, write)?;
        }
    } else {
        let system = SYSTEM.iter().map(PathBuf::from).chain(belonging(program));
        for path in system.chain([program.to_owned()]) {
            rules = allow(rules, &path, read)?;
        }
        for path in &given.reads {
            rules = allow(rules, path, AccessFs::ReadFile.into())?;
        }
    }
    let both = handled & (AccessFs::ReadFile | AccessFs::WriteFile);
    for path in HARMLESS {
        rules = allow(rules, Path::new(path), both)?;
    }
    let kept = both | handled & AccessFs::Truncate;
    for path in &given.writes {
        rules = allow(rules, path, kept)?;
    }
    Ok(rules)
}

/// Allows what of `access` makes sense there; what is not there needs no right.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(place) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(KNOWN)
    };
    rules.add_rule(PathBeneath::new(place, access))
}
