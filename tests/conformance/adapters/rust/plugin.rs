//! A plugin that is upgraded while it is called: announce and confirm on one published pointer.
//!
//! Version, manifest and epoch are published together, as one record.  A call looks at the record, announces itself in
//! the record's own counter, looks again, and runs only if the record is still the published one; else it retracts and
//! looks anew.  So a record that is no longer current gains no running call, and "its counter is zero" means drained.
//!
//! Why a read-write lock around the pointer: the standard library has no atomic `Arc`.  The lock is held for one clone,
//! never while anything of a plugin runs.  Everything else that an upgrade touches is the book, behind one mutex, so
//! that looking at the state and changing it are one step.  Nobody polls: who gives up the last hold says so.
//!
//! Orders: all atomics are SeqCst.  A publisher first marks the old record as left and then reads its counter; a call
//! first counts down and then reads the mark.  One of the two sees the other, so no last release goes unnoticed.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use std::time::{Duration, Instant};

/// Why an operation was refused or failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: &'static str,
    pub message: String,
    pub causes: Vec<String>,
    pub stragglers: Option<Vec<String>>,
}

impl Failure {
    pub fn new(kind: &'static str, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), causes: Vec::new(), stragglers: None }
    }

    fn in_phase(phase: &str, cause: &Failure) -> Failure {
        let mut causes = vec![format!("{}: {}", cause.kind, cause.message)];
        causes.extend(cause.causes.iter().cloned());
        Failure {
            kind: "UpgradeFailed",
            message: format!("the upgrade failed in phase {phase}"),
            causes,
            stragglers: None,
        }
    }
}

/// What a version brings with it.
pub trait Instance: Send + Sync + 'static {
    type Argument: ?Sized;
    type Value;
    fn init(&self) -> Result<(), Failure>;
    fn call(&self, function: &str, argument: &Self::Argument) -> Result<Self::Value, Failure>;
    fn close(&self) -> Result<(), Failure>;
}

#[derive(Clone, Debug)]
pub struct Manifest {
    pub name: String,
    pub version: u64,
    pub exports: Vec<String>,
    pub hooks: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Active,
    PreparingUpgrade,
    Draining,
    Swapping,
    UpgradeComplete,
    RolledBack,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::PreparingUpgrade => "PREPARING_UPGRADE",
            State::Draining => "DRAINING",
            State::Swapping => "SWAPPING",
            State::UpgradeComplete => "UPGRADE_COMPLETE",
            State::RolledBack => "ROLLED_BACK",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    Continue,
    Overlap,
}

/// How to execute one upgrade.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    pub policy: Policy,
    /// `None`: no limit.
    pub timeout: Option<Duration>,
    pub probation: bool,
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    pub successful_upgrades: u64,
    pub failed_upgrades: u64,
    pub total_drain_time_us: u64,
    pub max_drain_time_us: u64,
    pub version: u64,
}

/// What the plugin is at one instant.
pub struct Look {
    pub state: State,
    pub stats: Stats,
    pub manifest: Manifest,
}

/// At most so many versions may be built and not closed, the candidate among them.
const LIVE_VERSIONS: usize = 8;

struct Version<I> {
    instance: I,
    manifest: Manifest,
}

/// What is published.  No version: the plugin is out of service.
struct Record<I> {
    epoch: u64,
    version: Option<Arc<Version<I>>>,
    holders: AtomicUsize,
    left: AtomicBool,
}

struct Book<I> {
    state: State,
    stats: Stats,
    serving: Arc<Version<I>>,
    /// Tells one upgrade from the next, so that a cancelled one knows that it is no longer at it.
    attempt: u64,
    candidate: Option<Arc<Version<I>>>,
    /// On probation: the version before, which may come back.
    kept: Option<Arc<Version<I>>>,
    /// Records that are no longer current and may have holders, oldest first.
    left: Vec<Arc<Record<I>>>,
    /// Versions that will never be published again and are not closed yet.
    retired: Vec<Arc<Version<I>>>,
    building: usize,
    shut: bool,
}

pub struct Plugin<I: Instance> {
    id: u64,
    current: RwLock<Arc<Record<I>>>,
    book: Mutex<Book<I>>,
    /// Told when a hold on a record that was left ends, when an upgrade is cancelled, when a version was closed.
    changed: Condvar,
    timeout: Option<Duration>,
}

thread_local! {
    /// The records that this thread is inside of, innermost last, each with the plugin that it belongs to.
    static INSIDE: RefCell<Vec<(u64, Arc<dyn Any + Send + Sync>)>> = const { RefCell::new(Vec::new()) };
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Counts one call on one record; gives it up on every way out, a panic included.
struct Hold<'a, I: Instance> {
    plugin: &'a Plugin<I>,
    record: Arc<Record<I>>,
}

impl<I: Instance> Drop for Hold<'_, I> {
    fn drop(&mut self) {
        self.plugin.let_go(&self.record);
    }
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with(|stack| stack.borrow_mut().pop());
    }
}

impl<I: Instance> Plugin<I> {
    /// Register the first version: its `init` runs here, and `close` as well if that fails.
    pub fn new(instance: I, manifest: Manifest, timeout: Option<Duration>) -> Result<Plugin<I>, Failure> {
        check(&manifest, &manifest.name)?;
        if let Err(failure) = instance.init() {
            close(&instance, manifest.version);
            return Err(failure);
        }
        let stats = Stats { version: manifest.version, ..Stats::default() };
        let version = Arc::new(Version { instance, manifest });
        Ok(Plugin {
            id: NEXT_ID.fetch_add(1, SeqCst),
            current: RwLock::new(Arc::new(record(0, Some(version.clone())))),
            book: Mutex::new(Book {
                state: State::Active,
                stats,
                serving: version,
                attempt: 0,
                candidate: None,
                kept: None,
                left: Vec::new(),
                retired: Vec::new(),
                building: 0,
                shut: false,
            }),
            changed: Condvar::new(),
            timeout,
        })
    }

    pub fn default_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub fn look(&self) -> Look {
        let book = self.lock();
        Look { state: book.state, stats: book.stats, manifest: book.serving.manifest.clone() }
    }

    // -- calls --------------------------------------------------------------------------------------------------------

    pub fn call(&self, function: &str, argument: &I::Argument) -> Result<I::Value, Failure> {
        let outer = self.outer();
        // A nested call stays on the outer one's record, whose hold covers it.
        let hold = if outer.is_none() { Some(self.enter()?) } else { None };
        let record = outer.unwrap_or_else(|| hold.as_ref().expect("entered").record.clone());
        let version = record.version.as_ref().expect("a held record has a version").clone();
        if !version.manifest.exports.iter().any(|name| name == function) {
            return Err(Failure::new("UnknownFunction", format!("version {} exports no {function}", version.manifest.version)));
        }
        INSIDE.with(|stack| stack.borrow_mut().push((self.id, record)));
        let _inside = Inside;
        version.instance.call(function, argument)
    }

    /// The record of the innermost call on this plugin that this thread is inside of.
    fn outer(&self) -> Option<Arc<Record<I>>> {
        let found = INSIDE.with(|stack| {
            stack.borrow().iter().rev().find(|(id, _)| *id == self.id).map(|(_, record)| record.clone())
        });
        found.and_then(|record| record.downcast::<Record<I>>().ok())
    }

    fn published(&self) -> Arc<Record<I>> {
        self.current.read().expect("nothing panics under this lock").clone()
    }

    fn enter(&self) -> Result<Hold<'_, I>, Failure> {
        loop {
            let record = self.published();
            record.holders.fetch_add(1, SeqCst);
            let hold = Hold { plugin: self, record };
            if Arc::ptr_eq(&hold.record, &self.published()) {
                if hold.record.version.is_none() {
                    return Err(Failure::new("PluginUnregistered", "the plugin is out of service"));
                }
                return Ok(hold);
            } // else the hold is dropped, and with it the announcement; only a publication leads here
        }
    }

    fn let_go(&self, record: &Record<I>) {
        let last = record.holders.fetch_sub(1, SeqCst) == 1;
        if last && record.left.load(SeqCst) {
            self.settle(self.lock());
        }
    }

    // -- upgrades -----------------------------------------------------------------------------------------------------

    /// Validate and initialise a candidate while the current version serves.
    pub fn prepare(&self, instance: I, manifest: Manifest) -> Result<(), Failure> {
        // Refused or invalid, it is not taken: nobody has initialised it, and nobody closes it.
        let attempt = self.begin()?;
        if let Err(cause) = check(&manifest, &self.look().manifest.name) {
            let mut book = self.lock();
            book.building -= 1;
            if book.attempt == attempt {
                fail(&mut book);
            }
            return Err(Failure::in_phase("VALIDATE", &cause));
        }
        let ready = instance.init().map_err(|cause| Failure::in_phase("INIT", &cause));
        let mut book = self.lock();
        book.building -= 1;
        let cancelled = book.attempt != attempt;
        if ready.is_ok() && !cancelled {
            book.candidate = Some(Arc::new(Version { instance, manifest }));
            return Ok(());
        }
        if !cancelled {
            fail(&mut book);
        }
        drop(book);
        close(&instance, manifest.version);
        ready.and(Err(Failure::new("UpgradeCancelled", "the upgrade was cancelled while it was prepared")))
    }

    fn begin(&self) -> Result<u64, Failure> {
        let mut book = self.lock();
        refuse_if_shut(&book)?;
        if !matches!(book.state, State::Active | State::RolledBack) {
            return Err(wrong_state("prepare", book.state, "ACTIVE or ROLLED_BACK"));
        }
        let alive = book.retired.len() + book.building + 1;
        if alive >= LIVE_VERSIONS {
            return Err(Failure::new("TooManyVersions", format!("{alive} versions are alive, at most {LIVE_VERSIONS} may be")));
        }
        book.state = State::PreparingUpgrade;
        book.attempt += 1;
        book.building += 1;
        Ok(book.attempt)
    }

    /// Drain, swap, clean up.
    pub fn execute(&self, how: Execution) -> Result<(), Failure> {
        self.refuse_inside("execute", how.policy)?;
        let mut book = self.lock();
        refuse_if_shut(&book)?;
        if book.state != State::PreparingUpgrade || book.candidate.is_none() {
            return Err(wrong_state("execute", book.state, "PREPARING_UPGRADE with a candidate that is ready"));
        }
        let attempt = book.attempt;
        book.state = State::Draining;
        let target = self.publish(&mut book, None) - 1; // D1: what starts from now on belongs to the new epoch
        let begun = Instant::now();
        if how.policy == Policy::Continue {
            book = self.drain(book, target, how.timeout, Some(attempt));
            if book.attempt != attempt {
                return Err(Failure::new("UpgradeCancelled", "the upgrade was cancelled while it drained"));
            }
            let waiting = waiting(&book, target);
            if !waiting.is_empty() {
                let candidate = book.candidate.take().expect("it is still this attempt");
                fail(&mut book);
                book.retired.push(candidate);
                self.settle(book);
                let mut failure = Failure::new("DrainTimeout", format!("still running after the drain timeout: {}", waiting.join(", ")));
                failure.stragglers = Some(waiting);
                return Err(failure);
            }
        }
        let drained = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        book.stats.total_drain_time_us += drained;
        book.stats.max_drain_time_us = book.stats.max_drain_time_us.max(drained);
        book.state = State::Swapping;
        let next = book.candidate.take().expect("it is still this attempt");
        let before = std::mem::replace(&mut book.serving, next.clone());
        book.stats.version = next.manifest.version;
        self.publish(&mut book, Some(next));
        book.state = State::UpgradeComplete;
        book.kept = Some(before);
        if how.probation {
            return Ok(());
        }
        self.end_probation(book);
        Ok(())
    }

    /// Both in one; nothing begins where the drain would wait for its own caller.
    pub fn upgrade(&self, instance: I, manifest: Manifest, how: Execution) -> Result<(), Failure> {
        self.refuse_inside("upgrade", how.policy)?;
        self.prepare(instance, manifest)?;
        self.execute(how)
    }

    /// End probation well: the version before is retired.
    pub fn commit(&self) -> Result<(), Failure> {
        let book = self.lock();
        if book.state != State::UpgradeComplete {
            return Err(wrong_state("commit", book.state, "UPGRADE_COMPLETE"));
        }
        self.end_probation(book);
        Ok(())
    }

    fn end_probation(&self, mut book: MutexGuard<'_, Book<I>>) {
        let before = book.kept.take().expect("UPGRADE_COMPLETE keeps the version before");
        book.retired.push(before);
        book.stats.successful_upgrades += 1;
        book.attempt += 1;
        book.state = State::Active;
        self.settle(book);
    }

    /// End probation badly: the version before is published again, under a new epoch, and the new one is retired.
    pub fn revert(&self) -> Result<(), Failure> {
        let mut book = self.lock();
        if book.state != State::UpgradeComplete {
            return Err(wrong_state("revert", book.state, "UPGRADE_COMPLETE"));
        }
        let before = book.kept.take().expect("UPGRADE_COMPLETE keeps the version before");
        let failed = std::mem::replace(&mut book.serving, before.clone());
        book.stats.version = before.manifest.version;
        self.publish(&mut book, Some(before));
        fail(&mut book);
        book.retired.push(failed);
        self.settle(book);
        Ok(())
    }

    /// Cancel the upgrade that is being prepared, is prepared, or drains.
    pub fn cancel(&self) -> Result<(), Failure> {
        let mut book = self.lock();
        match book.state {
            State::PreparingUpgrade => {
                book.state = State::Active; // a decision, not a failure: counted nowhere
                book.attempt += 1;
            }
            State::Draining => fail(&mut book),
            state => return Err(wrong_state("cancel", state, "PREPARING_UPGRADE or DRAINING")),
        }
        if let Some(candidate) = book.candidate.take() {
            book.retired.push(candidate);
        }
        self.settle(book);
        Ok(())
    }

    /// Take note of a failed upgrade.
    pub fn acknowledge(&self) -> Result<(), Failure> {
        let mut book = self.lock();
        if book.state != State::RolledBack {
            return Err(wrong_state("acknowledge", book.state, "ROLLED_BACK"));
        }
        book.state = State::Active;
        Ok(())
    }

    /// Take the plugin out of service; calls in flight complete.  True if they did within the drain timeout.
    pub fn unregister(&self) -> Result<bool, Failure> {
        self.refuse_inside("unregister", Policy::Continue)?;
        let mut book = self.lock();
        refuse_if_shut(&book)?;
        if !matches!(book.state, State::Active | State::RolledBack) {
            return Err(wrong_state("unregister", book.state, "ACTIVE or ROLLED_BACK"));
        }
        book.shut = true;
        let old = self.published();
        self.replace(&mut book, Arc::new(record(old.epoch + 1, None)));
        let last = book.serving.clone();
        book.retired.push(last);
        let book = self.drain(book, old.epoch, self.timeout, None);
        let in_time = waiting(&book, old.epoch).is_empty();
        self.settle(book);
        Ok(in_time)
    }

    // -- what they are made of ----------------------------------------------------------------------------------------

    /// Publish `next`, or the version that serves under a new epoch; give the new epoch.
    fn publish(&self, book: &mut Book<I>, next: Option<Arc<Version<I>>>) -> u64 {
        let old = self.published();
        let version = next.or_else(|| old.version.clone());
        self.replace(book, Arc::new(record(old.epoch + 1, version)));
        old.epoch + 1
    }

    fn replace(&self, book: &mut Book<I>, next: Arc<Record<I>>) {
        let old = std::mem::replace(&mut *self.current.write().expect("nothing panics under this lock"), next);
        old.left.store(true, SeqCst);
        book.left.push(old);
    }

    /// Wait until no record up to `target` has holders, the time is over, or the upgrade is no longer this attempt.
    fn drain<'a>(
        &self,
        book: MutexGuard<'a, Book<I>>,
        target: u64,
        timeout: Option<Duration>,
        attempt: Option<u64>,
    ) -> MutexGuard<'a, Book<I>> {
        let busy = |book: &mut Book<I>| {
            attempt.is_none_or(|mine| mine == book.attempt) && !waiting(book, target).is_empty()
        };
        match timeout {
            None => self.changed.wait_while(book, busy).expect("nothing panics under this lock"),
            Some(limit) => self.changed.wait_timeout_while(book, limit, busy).expect("nothing panics under this lock").0,
        }
    }

    /// Forget records without holders, claim the retired versions that no record holds, and close them, unlocked.
    fn settle(&self, mut book: MutexGuard<'_, Book<I>>) {
        book.left.retain(|record| record.holders.load(SeqCst) > 0);
        let retired = std::mem::take(&mut book.retired);
        let (held, free): (Vec<_>, Vec<_>) = retired.into_iter().partition(|version| {
            book.left.iter().any(|record| record.version.as_ref().is_some_and(|held| Arc::ptr_eq(held, version)))
        });
        book.retired = held;
        self.changed.notify_all();
        drop(book);
        for version in free {
            close(&version.instance, version.manifest.version);
        }
    }

    fn refuse_inside(&self, operation: &str, policy: Policy) -> Result<(), Failure> {
        if policy == Policy::Continue && self.outer().is_some() {
            return Err(Failure::new("SelfDeadlock", format!("{operation} inside a call would wait for that very call")));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Book<I>> {
        self.book.lock().expect("nothing panics under this lock")
    }
}

fn record<I>(epoch: u64, version: Option<Arc<Version<I>>>) -> Record<I> {
    Record { epoch, version, holders: AtomicUsize::new(0), left: AtomicBool::new(false) }
}

/// The epochs up to `target` that still have holders, in words.
fn waiting<I>(book: &Book<I>, target: u64) -> Vec<String> {
    let held = book.left.iter().filter(|record| record.epoch <= target);
    held.filter_map(|record| match record.holders.load(SeqCst) {
        0 => None,
        calls => Some(format!("{calls} calls of epoch {}", record.epoch)),
    })
    .collect()
}

fn fail<I>(book: &mut Book<I>) {
    book.state = State::RolledBack;
    book.stats.failed_upgrades += 1;
    book.attempt += 1;
}

fn close<I: Instance>(instance: &I, version: u64) {
    if let Err(failure) = instance.close() {
        eprintln!("closing version {version} failed, and is not tried again: {}", failure.message);
    }
}

fn check(manifest: &Manifest, name: &str) -> Result<(), Failure> {
    if manifest.name != name {
        return Err(Failure::new("InvalidManifest", format!("expected the name {name}, got {}", manifest.name)));
    }
    match manifest.hooks.iter().find(|(_, function)| !manifest.exports.contains(function)) {
        Some((hook, function)) => Err(Failure::new("InvalidManifest", format!("the hook {hook} names {function}, which is not exported"))),
        None => Ok(()),
    }
}

fn refuse_if_shut<I>(book: &Book<I>) -> Result<(), Failure> {
    if book.shut {
        return Err(Failure::new("PluginUnregistered", "the plugin is out of service"));
    }
    Ok(())
}

fn wrong_state(operation: &str, state: State, legal: &str) -> Failure {
    Failure::new("WrongState", format!("{operation} is legal in {legal}, the plugin is in {}", state.name()))
}
