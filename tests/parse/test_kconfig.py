"""What a Kconfig file declares, and what of it nothing can turn off."""

from __future__ import annotations

from xref.parse import kconfig

TEXT = """\
mainmenu "A kernel"

config ALWAYS
	bool
	default y
	help
		config NOT_THIS
		source "nor/this"

		bool "nor this"

config ALSO
	def_bool y

config CHOSEN
	bool "Is it?"
	default y

config SOMETIMES
	bool
	default y if CHOSEN

config DEPENDENT
	bool
	depends on CHOSEN
	default y

if CHOSEN
config INSIDE
	def_bool y
endif

menu "Some"
	depends on CHOSEN
config IN_A_MENU
	def_bool y
endmenu

menu "Others"
config IN_A_FREE_MENU
	def_bool y
endmenu

menuconfig MENU
	tristate "Modules"

config TEXT
	string
	default "y"

source "drivers/Kconfig"
source arch/$(SRCARCH)/Kconfig
rsource "below/Kconfig"
"""


def test_options_and_sources() -> None:
    found = kconfig.read(TEXT)
    assert [each.name for each in found.options] == [
        "ALWAYS", "ALSO", "CHOSEN", "SOMETIMES", "DEPENDENT", "INSIDE", "IN_A_MENU", "IN_A_FREE_MENU", "MENU", "TEXT",
    ]  # fmt: skip
    assert [each.name for each in found.options if each.always] == ["ALWAYS", "ALSO", "IN_A_FREE_MENU"]
    assert found.sources == [
        ("source", "drivers/Kconfig"),
        ("source", "arch/$(SRCARCH)/Kconfig"),
        ("rsource", "below/Kconfig"),
    ]
    assert kconfig.read(TEXT.replace("\n", "\r\n")) == found
    assert kconfig.read("") == ([], [])
