"""What doors take and give for guides."""

from typing import ClassVar

from pydantic import Field

from movmo.operations.context import Request, View


class ReadGuide(Request):
    slug: str = Field(pattern="^[a-z-]{1,60}$", description="From list_semantic_resources.", examples=["booking"])


class GuideSummary(View):
    slug: str = Field(examples=["booking"])
    title: str = Field(examples=["From a wish to a ticket"])
    about: str = Field(
        description="When to read it.", examples=["Before the first booking, or when a step is unclear."]
    )


class GuideList(View):
    data: list[GuideSummary]


class GuideView(GuideSummary):
    document_type: ClassVar[str] = "text/markdown"

    text: str = Field(description="Plain text with short headings.")

    def document(self) -> str:
        return f"# {self.title}\n\n{self.text}\n"
