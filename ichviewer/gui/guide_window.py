"""Help > User guide: the guide that comes with the program, with its pictures, searched by typing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QKeySequence, QShortcut, QTextBlockFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

GUIDE = "guide/guide.md"


WIDEST_PICTURE_PX = 780
BELOW_PARAGRAPH_PX, ABOVE_HEADING_PX = 8, 18


class GuideBrowser(QTextBrowser):
    """Shows pictures no wider than the text."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """A picture of the guide, made smaller where it is wide; anything else as it is."""
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, name)
        file_name = QUrl(name).fileName()
        picture = QImage(str(Path(self.searchPaths()[0]) / file_name))
        if picture.width() <= WIDEST_PICTURE_PX:
            return picture
        return picture.scaledToWidth(WIDEST_PICTURE_PX, Qt.TransformationMode.SmoothTransformation)

    def give_room(self) -> None:
        """Room between paragraphs, and above headings."""
        block = self.document().begin()
        while block.isValid():
            room = QTextBlockFormat()
            room.setBottomMargin(BELOW_PARAGRAPH_PX)
            if block.blockFormat().headingLevel():
                room.setTopMargin(ABOVE_HEADING_PX)
            QTextCursor(block).mergeBlockFormat(room)
            block = block.next()


class GuideWindow(QDialog):
    """Text and a field to search in it; not modal. Links lead within the guide and nowhere else."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("User guide · research use only")
        self.browser = GuideBrowser()
        self.browser.setAccessibleName("User guide")
        self.browser.setOpenLinks(False)
        self.browser.setSearchPaths([str(path.parent)])
        self.browser.setMarkdown(path.read_text(encoding="utf-8"))
        self.browser.give_room()
        self.browser.anchorClicked.connect(self._follow)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search in the guide")
        self.field.setAccessibleName("Search in the guide")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._search_anew)
        self.field.returnPressed.connect(self.find_next)
        self.says = QLabel()
        self.says.setObjectName("Secondary")
        following = QPushButton("Next")
        following.setToolTip("The next place (F3)")
        following.setAutoDefault(False)
        following.clicked.connect(self.find_next)
        before = QPushButton("Previous")
        before.setToolTip("The place before (Shift+F3)")
        before.setAutoDefault(False)
        before.clicked.connect(self.find_previous)
        QShortcut(QKeySequence("F3"), self, self.find_next)
        QShortcut(QKeySequence("Shift+F3"), self, self.find_previous)
        QShortcut(QKeySequence("Ctrl+F"), self, self.field.setFocus)
        line = QHBoxLayout()
        line.addWidget(self.field, 1)
        line.addWidget(self.says)
        line.addWidget(before)
        line.addWidget(following)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addWidget(self.browser, 1)
        self.resize(860, 760)

    def find_next(self) -> bool:
        """Go to the next place; after the last one to the first. Whether there is any."""
        return self._find(QTextDocument.FindFlag(0), QTextCursor.MoveOperation.Start)

    def find_previous(self) -> bool:
        """Go to the place before; before the first one to the last."""
        return self._find(QTextDocument.FindFlag.FindBackward, QTextCursor.MoveOperation.End)

    def _search_anew(self, _text: str) -> None:
        self.browser.moveCursor(QTextCursor.MoveOperation.Start)
        self.find_next()

    def _find(self, flags: QTextDocument.FindFlag, around: QTextCursor.MoveOperation) -> bool:
        text = self.field.text()
        self.says.setText("")
        if not text:
            return False
        if self.browser.find(text, flags):
            return True
        self.browser.moveCursor(around)
        if self.browser.find(text, flags):
            return True
        self.says.setText("Not found.")
        return False

    def _follow(self, link: QUrl) -> None:
        """Go to a heading of the guide."""
        wanted = link.fragment().replace("-", " ").casefold()
        block = self.browser.document().begin()
        while wanted and block.isValid():
            if block.blockFormat().headingLevel() and block.text().casefold() == wanted:
                cursor = QTextCursor(block)
                self.browser.setTextCursor(cursor)
                top = self.browser.document().documentLayout().blockBoundingRect(block).top()
                self.browser.verticalScrollBar().setValue(round(top))
                return
            block = block.next()
