"""The dock's page of the runtime environment: plan, installation, repair, removal and diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.gui.results_settings import ResultsSettings
from geolangbind_qgis.gui.setup_widgets import SetupClock, breakable, path_field, sentence_label
from geolangbind_qgis.gui.windows import confirm
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.runs.environment_task import EnvironmentTask
from geolangbind_qgis.runtime.environment import build_environment, remove_environment, use_environment
from geolangbind_qgis.runtime.environment_check import find_environment
from geolangbind_qgis.runtime.manifest import Manifest
from geolangbind_qgis.runtime.plan import Plan, plan_environment
from geolangbind_qgis.runtime.setup_error import SetupError
from geolangbind_qgis.runtime_choice import (
    choose_environment_folder,
    chosen_command,
    chosen_python,
    environment_folder,
    qgis_proxy,
)
from geolangbind_qgis.session import Session

_LOG_LINES = 2000
_TYPING_MS = 600


class SetupPage(QScrollArea):
    """Installs, repairs and removes the runtime environment.

    Signals:
        environment_changed: there is another environment than before, or none.
        start_wanted: go to the prompts, and run one that waited for the set-up.
        diagnostics_wanted: the user wants the report for a bug tracker.
    """

    environment_changed = pyqtSignal()
    diagnostics_wanted = pyqtSignal()
    start_wanted = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._task: EnvironmentTask | None = None
        self._plan: Plan | None = None
        self._plan_again = False
        self._next: Callable[[], None] | None = None  # waits for the plan that is being made
        self.clock = SetupClock()
        self.state = sentence_label(self)
        self.plan_text = sentence_label(self)
        self.device = QComboBox(self)
        let_shrink(self.device)
        for name, title in (
            ("auto", tr("Choose for me")),
            ("cpu", tr("Processor (CPU)")),
            ("cuda", tr("NVIDIA graphics card (CUDA)")),
        ):
            self.device.addItem(title, name)
        self.device.setCurrentIndex(max(0, self.device.findData(session.device)))
        self.device.activated.connect(self._on_device)
        self.folder = path_field(self, QgsFileWidget.StorageMode.GetDirectory, tr("Folder of the environment"))
        self.wheels = path_field(
            self, QgsFileWidget.StorageMode.GetDirectory, tr("Only for installation without a network")
        )
        self.python = path_field(
            self, QgsFileWidget.StorageMode.GetFile, tr("Interpreter of an environment you made yourself")
        )
        self.folder.setFilePath(str(environment_folder()))
        self._typing = QTimer(self)  # a folder that is being typed is another one with every letter
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(lambda: self._on_folder(self.folder.filePath()))
        self.folder.fileChanged.connect(lambda _: self._typing.start())
        self.wheels.fileChanged.connect(lambda _: self.make_plan())
        self.install_button = QPushButton(tr("&Set up GeoLangBind (once)"), self)
        self.install_button.clicked.connect(lambda: self.install())
        self.start_button = QPushButton(tr("S&tart"), self)
        self.start_button.setToolTip(tr("Go to the prompts; one that waited for the set-up runs at once"))
        self.start_button.clicked.connect(self._on_start)
        self.start_button.hide()
        self.cancel_button = QPushButton(tr("&Cancel"), self)
        self.cancel_button.clicked.connect(self.cancel)
        self.repair_button = QPushButton(tr("R&epair"), self)
        self.repair_button.setToolTip(tr("Make the environment again from nothing"))
        self.repair_button.clicked.connect(lambda: self.install(fresh=True))
        self.remove_button = QPushButton(tr("Remo&ve"), self)
        self.remove_button.setToolTip(tr("Delete the environment"))
        self.remove_button.clicked.connect(self._ask_and_remove)
        self.use_button = QPushButton(tr("&Use it"), self)
        self.use_button.setToolTip(tr("Check that Python, and use it as it is"))
        self.use_button.clicked.connect(self._use_own)
        self.diagnostics_button = QPushButton(tr("Copy &diagnostics"), self)
        self.diagnostics_button.setToolTip(
            tr("Versions, device and last errors as text for a bug report; no private data")
        )
        self.diagnostics_button.clicked.connect(self.diagnostics_wanted)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.step = sentence_label(self)
        self.log = QPlainTextEdit(self)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LOG_LINES)
        self.log.setMinimumHeight(120)
        self._build()
        self.show_idle()

    @property
    def busy(self) -> bool:
        """Whether a task on the environment is running."""
        return self._task is not None

    def refresh(self) -> None:
        """Show the present environment and the plan."""
        manifest = find_environment(environment_folder())
        python = chosen_python()
        self._show_state(manifest, python)
        self.install_button.setVisible(python is None)
        for button in (self.repair_button, self.remove_button):
            button.setVisible(python is not None)
            button.setEnabled(not self.busy)
        self.remove_button.setEnabled(manifest is not None and not self.busy)
        if python is None and not self.busy:
            self.make_plan()

    def _on_start(self) -> None:
        self.start_button.hide()
        self.start_wanted.emit()

    def show_as_new(self) -> None:
        """Show the page as if no runtime was installed."""
        self._show_state(None, None)
        self.install_button.show()
        self.repair_button.hide()
        self.remove_button.hide()
        self.make_plan()

    def _show_state(self, manifest: Manifest | None, python: Path | None) -> None:
        """Describe the present environment."""
        if manifest is not None:
            torch = manifest.versions.get("torch", "")
            own = "" if manifest.managed else " " + tr("It is your own environment.")
            self.state.setText(
                "<b>"
                + tr("The runtime is ready.")
                + "</b> "
                + escape(
                    tr("Python {0}, torch {1}, computes on {2}.").format(
                        manifest.python_version, torch, manifest.device
                    )
                    + own
                )
            )
        elif python is not None:
            self.state.setText(
                "<b>" + tr("The runtime is ready.") + "</b> " + tr("It uses {0}.").format(breakable(str(python)))
            )
        else:
            self.state.setText(
                "<b>"
                + tr("Set up GeoLangBind (once)")
                + "</b><br>"
                + tr(
                    "The model runs in a Python environment of its own, apart from QGIS. It is made once; "
                    "afterwards everything works without a network."
                )
            )

    def make_plan(self) -> None:
        """Plan the installation in the background."""
        folder, device, wheels, proxy = environment_folder(), self.device.currentData(), self._wheels(), qgis_proxy()
        self.plan_text.setText(tr("Looking at this computer…"))
        self._start(
            "",
            lambda task: plan_environment(folder, device=device, wheels=wheels, proxy=proxy),
            self._on_planned,
            quiet=True,
        )

    def install(self, *, fresh: bool = False) -> None:
        """Start the installation.

        Args:
            fresh: begin from nothing.
        """
        folder, device, wheels, proxy = environment_folder(), self.device.currentData(), self._wheels(), qgis_proxy()

        def work(task: EnvironmentTask) -> Any:  # noqa: ANN401 - a Manifest
            plan = plan_environment(folder, device=device, wheels=wheels, proxy=proxy)
            for line in plan.describe():
                task.log(line)
            return build_environment(
                plan, progress=task.step, log=task.log, cancelled=task.is_cancelled, proxy=proxy, fresh=fresh
            )

        self._leave_environment()
        self._start(tr("Set up the GeoLangBind runtime"), work, self._on_changed)

    def cancel(self) -> None:
        """Cancel the running task; downloads are kept."""
        self._next = None
        if self._task is not None:
            self.step.setText(tr("Stopping…"))
            self._task.cancel()

    def clean_up(self) -> None:
        """Cancel tasks before the page is removed."""
        if self._task is not None:
            self._task.stepped.disconnect()
            self._task.logged.disconnect()
            self._task.completed.disconnect()
            self._task.terminated.disconnect()
            self._task.cancel()

    def _build(self) -> None:
        """Create the widgets and their layout."""
        content = QWidget(self)
        plan_form = QFormLayout()
        plan_form.addRow(tr("De&vice"), self.device)
        more = QgsCollapsibleGroupBox(tr("Other ways to set up"), self)
        more.setCollapsed(True)
        own_row = QHBoxLayout()
        own_row.addWidget(self.python, 1)
        own_row.addWidget(self.use_button)
        ways = QVBoxLayout(more)  # a form would wrap its labels at half the width
        for text, field in (
            (tr("Put the environment into"), self.folder),
            (tr("Install from a bundle or a folder of wheels"), self.wheels),
            (tr("Use a Python environment you have"), self.python),
        ):
            label = QLabel(text, more)
            label.setWordWrap(True)
            label.setBuddy(field)
            ways.addWidget(label)
            ways.addLayout(own_row) if field is self.python else ways.addWidget(field)
        log_box = QgsCollapsibleGroupBox(tr("Log"), self)
        QVBoxLayout(log_box).addWidget(self.log)
        log_box.setCollapsed(True)
        upkeep = QHBoxLayout()
        for button in (self.repair_button, self.remove_button):
            upkeep.addWidget(button)
        working = QHBoxLayout()
        working.addWidget(self.bar, 1)
        working.addWidget(self.cancel_button)
        box = QVBoxLayout(content)
        box.setSpacing(8)
        box.addWidget(self.state)
        box.addLayout(plan_form)
        box.addWidget(self.plan_text)
        box.addWidget(self.install_button)
        box.addWidget(self.start_button)
        box.addLayout(working)
        box.addWidget(self.step)
        box.addWidget(more)
        box.addWidget(log_box)
        box.addWidget(ResultsSettings(self))
        box.addLayout(upkeep)
        box.addWidget(self.diagnostics_button)
        box.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _start(
        self,
        title: str,
        work: Callable[[EnvironmentTask], Any],
        on_done: Callable[[Any], None],
        *,
        quiet: bool = False,
    ) -> None:
        """Start a background task; one runs at a time."""
        if self._task is not None:
            self._plan_again = self._plan_again or quiet
            if not quiet:  # pressed while the computer was looked at
                self._next = partial(self._start, title, work, on_done)
                self.show_busy(title)
            return
        task = EnvironmentTask(work)
        self._task = task
        if not quiet:
            self.log.clear()
            self.show_busy(title)
        task.stepped.connect(self.show_step)
        task.logged.connect(self.log.appendPlainText)
        task.completed.connect(lambda: self._on_completed(task, on_done))
        task.terminated.connect(lambda: self._on_terminated(task, quiet))
        task.start()

    def _on_completed(self, task: EnvironmentTask, on_done: Callable[[Any], None]) -> None:
        self._task = None
        if self._next is not None:
            self._take_next()
            return
        self.show_idle()
        on_done(task.result)

    def _take_next(self) -> None:
        """Start the action that was requested while an outdated plan was made."""
        begin, self._next, self._plan_again = self._next, None, False
        if begin is not None:
            begin()

    def _on_terminated(self, task: EnvironmentTask, quiet: bool) -> None:
        """Show why the task failed, with a hint."""
        self._task = None
        if self._next is not None:
            self._take_next()
            return
        self.show_idle()
        problem = task.problem or SetupError(tr("Stopped."), "", code="cancelled")
        text = f"<b>{escape(problem.message)}</b> {escape(problem.hint)}"
        (self.plan_text if quiet else self.step).setText(text)
        self.step.setVisible(not quiet)
        if not quiet:
            self._session.set_command(chosen_command())
            self.environment_changed.emit()
            self.install_button.setVisible(chosen_python() is None)

    def _on_planned(self, plan: Plan) -> None:
        """Show the plan; one for another folder is planned again."""
        if self._plan_again:
            self._plan_again = False
            self.make_plan()
            return
        self._plan = plan
        lines = (line.partition(":") for line in plan.describe())
        self.plan_text.setText("<br>".join(f"<b>{escape(head)}</b>: {breakable(text)}" for head, _, text in lines))

    def show_step(self, fraction: float, message: str) -> None:
        """Show the progress of the running task, with the time left."""
        self.bar.setValue(round(1000 * fraction))
        self.step.setText(" · ".join(escape(part) for part in (message, self.clock.text(fraction)) if part))

    def _on_changed(self, manifest: Any) -> None:  # noqa: ANN401 - a Manifest, or None after removal
        """Use the new environment."""
        self.plan_text.clear()
        note = getattr(manifest, "note", "")
        self.step.setText(escape(note))
        self.step.setVisible(bool(note))
        self._session.set_command(chosen_command())
        self.environment_changed.emit()
        self.refresh()
        self.start_button.setVisible(manifest is not None)
        self._session.start_runtime()

    def _on_device(self) -> None:
        self._session.choose_device(self.device.currentData())
        if chosen_python() is None:
            self.make_plan()

    def _on_folder(self, folder: str) -> None:
        if folder and Path(folder) != environment_folder():
            choose_environment_folder(Path(folder))
            self._session.set_command(chosen_command())
            self.environment_changed.emit()
            self.refresh()

    def _ask_and_remove(self) -> None:
        """Remove the environment after confirmation."""
        question = tr("Remove the runtime in {0}? It can be set up again at any time.").format(environment_folder())
        if confirm(self, question):
            self.remove()

    def remove(self) -> None:
        """Remove the environment."""
        folder = environment_folder()
        self._leave_environment()
        self._start(tr("Remove the GeoLangBind runtime"), lambda task: remove_environment(folder), self._on_changed)

    def _use_own(self) -> None:
        """Check the user's own environment and use it."""
        python, folder = self.python.filePath(), environment_folder()
        if not python:
            self.step.setText(tr("Choose the Python of an environment first."))
            self.step.show()
            return
        self._leave_environment()
        self._start(tr("Check an environment"), lambda task: use_environment(Path(python), folder), self._on_changed)

    def _leave_environment(self) -> None:
        """Stop the runtime, so that its files can be replaced."""
        self._session.set_command(None)

    def copy_diagnostics(self, text: str) -> None:
        """Copy the diagnostics report to the clipboard."""
        QGuiApplication.clipboard().setText(text)
        self.step.setText(tr("Diagnostics are in the clipboard."))
        self.step.show()

    def _wheels(self) -> Path | None:
        return Path(self.wheels.filePath()) if self.wheels.filePath() else None

    def show_busy(self, title: str) -> None:
        """Show the progress bar of a task that was started."""
        for widget in (self.bar, self.cancel_button, self.step):
            widget.show()
        for button in (self.install_button, self.repair_button, self.remove_button, self.use_button):
            button.setEnabled(False)
        self.bar.setValue(0)
        self.clock.start()
        self.step.setText(escape(title))

    def show_idle(self) -> None:
        """Show the buttons that start a task."""
        for widget in (self.bar, self.cancel_button):
            widget.hide()
        for button in (self.install_button, self.repair_button, self.use_button):
            button.setEnabled(True)
        self.remove_button.setEnabled(find_environment(environment_folder()) is not None)
        if not self.step.text():
            self.step.hide()
