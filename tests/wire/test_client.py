"""The client against a model of the device, over a wire with faults."""

from __future__ import annotations

import cbor2
import ml_dtypes
import numpy as np
import pytest
from fake_device import GREETING, IMAGE_ID, FakeDevice

from pytest_arielml.errors import DeviceError, GuestFault, InputError, Refused, WireError
from pytest_arielml.wire import Check, Client, Policy
from pytest_arielml.wire.framing import encode_frame

TIMEOUT = 30.0


def connect(device: FakeDevice, first_id: int | None = None) -> Client:
    return Client(device, timeout=TIMEOUT, clock=device.clock, first_id=first_id)


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


@pytest.fixture
def client(device: FakeDevice) -> Client:
    client = connect(device)
    device.boot()
    client.wait_for_greeting()
    return client


def only(nth: int, change):
    """A fault that befalls frame `nth` alone."""
    return lambda number, frame: change(frame) if number == nth else frame


def instead(items: list[object]):
    """The device says `items`, whatever it wanted to say."""
    return lambda _, frame: encode_frame(cbor2.dumps(items))


def flipped(frame: bytes) -> bytes:
    """One bit of the middle byte is wrong, without making it a zero."""
    middle = len(frame) // 2
    bit = next(bit for bit in (1, 2, 4) if frame[middle] ^ bit)
    return frame[:middle] + bytes([frame[middle] ^ bit]) + frame[middle + 1 :]


FAULTS = {
    "lost": lambda frame: b"",
    "flipped": flipped,
    "doubled": lambda frame: frame + frame,
    "cut short": lambda frame: frame[: len(frame) // 2],
    "after noise": lambda frame: b"\x55\xaa\x00\xff" + frame,
    "glued to noise": lambda frame: b"\x07noise" + frame + b"more\x00noise",
    "without its first zero": lambda frame: frame[1:],
}


class TestGreeting:
    def test_tells_what_the_device_is(self, device: FakeDevice) -> None:
        client = connect(device)
        device.boot()
        greeting = client.wait_for_greeting()
        assert greeting.board == "fake"
        assert greeting.image_id == IMAGE_ID
        assert greeting.heap_capacity == 65536

    def test_asks_a_device_that_booted_before(self, device: FakeDevice) -> None:
        assert connect(device).wait_for_greeting().board == "fake"
        assert device.heard[0][1] == 1

    def test_passes_over_what_a_bootloader_says(self, device: FakeDevice) -> None:
        device._out += b"*** Booting ***\r\n\x00\x12\x34"
        device.boot()
        assert connect(device).wait_for_greeting().board == "fake"

    def test_another_protocol_is_refused_by_version(self, device: FakeDevice) -> None:
        device.say([0, 1, 1, *GREETING[1:]])
        with pytest.raises(WireError, match="another version") as raised:
            connect(device).wait_for_greeting()
        assert (raised.value.expected, raised.value.found) == ("2", "1")

    def test_a_fault_while_booting_is_told(self, device: FakeDevice) -> None:
        device.say([0, 2, "hard fault", "stack overflow", 0x1234, 0x5678])
        with pytest.raises(GuestFault, match="while it booted: hard fault: stack overflow"):
            connect(device).wait_for_greeting()

    def test_silence_ends_at_the_time_limit(self) -> None:
        device = FakeDevice(to_device=lambda _, frame: b"")
        with pytest.raises(GuestFault, match="did not greet within 5 s"):
            connect(device).wait_for_greeting(5.0)
        assert device.now == pytest.approx(5.0)


class TestCalls:
    @pytest.mark.parametrize("dtype", [*"?bBhHiIqQefdF"])
    def test_tensors_come_back_as_they_went(self, client: Client, dtype: str) -> None:
        values = np.random.default_rng(1).integers(0, 2, (3, 5, 70)).astype(dtype)
        client.load()
        client.set_input(0, values)
        assert client.call("main").result_count == 1
        output = client.output(0)
        assert output.dtype == values.dtype
        np.testing.assert_array_equal(output, values)

    def test_scalars_empty_tensors_and_views(self, client: Client) -> None:
        arrays = [
            np.float32(3.5).reshape(()),
            np.zeros((0, 4), np.int8),
            np.arange(12, dtype=np.int32).reshape(3, 4).T,
            np.arange(4, dtype=">i4"),
        ]
        client.load()
        for index, array in enumerate(arrays):
            client.set_input(index, array)
        assert client.call("main").result_count == 4
        for index, array in enumerate(arrays):
            np.testing.assert_array_equal(client.output(index), array)

    def test_every_frame_fits(self, device: FakeDevice, client: Client) -> None:
        lengths = []
        device.to_device = lambda _, frame: lengths.append(len(frame)) or frame
        client.set_input(15, np.ones(5000, np.uint8))
        assert max(lengths) <= 1024 + 4 + 5 + 2
        assert len(lengths) == 1 + 5

    def test_signless_integers_take_the_dtype_that_is_asked_for(self, device, client) -> None:
        client.load()
        client.set_input(0, np.array([200, 255], np.uint8))
        client.call("main")
        device._outputs[0].element_type = 0x1000_0008
        assert client.output(0).tolist() == [-56, -1]
        assert client.output(0, np.uint8).tolist() == [200, 255]
        assert client.output(0, np.uint16).dtype == np.int8

    @pytest.mark.parametrize("dtype", [ml_dtypes.int4, ml_dtypes.uint4])
    @pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
    def test_nibbles_go_two_to_a_byte(self, device, client, dtype, count) -> None:
        values = np.arange(count).astype(dtype) - np.array(3).astype(dtype)
        client.load()
        client.set_input(0, values)
        assert len(device._inputs[0].data) == (count + 1) // 2
        client.call("main")
        found = client.output(0)
        assert found.dtype == dtype
        assert found.tolist() == values.tolist()

    def test_the_first_nibble_is_the_low_one(self, device, client) -> None:
        client.set_input(0, np.array([1, -2, 7]).astype(ml_dtypes.int4))
        assert bytes(device._inputs[0].data) == b"\xe1\x07"

    def test_signless_nibbles_take_the_dtype_that_is_asked_for(self, device, client) -> None:
        client.load()
        client.set_input(0, np.array([15, 8]).astype(ml_dtypes.uint4))
        client.call("main")
        device._outputs[0].element_type = 0x1000_0004
        assert client.output(0).tolist() == [-1, -8]
        assert client.output(0, ml_dtypes.uint4).tolist() == [15, 8]

    def test_bfloat16(self, client: Client) -> None:
        values = np.array([1.5, -0.0, np.inf]).astype(ml_dtypes.bfloat16)
        client.load()
        client.set_input(0, values)
        client.call("main")
        assert client.output(0).dtype == values.dtype
        assert client.output(0).tobytes() == values.tobytes()

    @pytest.mark.parametrize(
        "dtype", [ml_dtypes.int2, ml_dtypes.float8_e5m2, "S4", "datetime64[s]"]
    )
    def test_a_dtype_that_does_not_travel_is_refused_by_name(self, client, dtype) -> None:
        array = np.zeros(4, dtype)
        with pytest.raises(InputError, match="cannot be sent to a device") as raised:
            client.set_input(0, array)
        assert raised.value.found == str(array.dtype)

    @pytest.mark.parametrize(
        ("number", "name"), [(0x1000_0002, "int2"), (0x2400_0008, "float8_e5m2")]
    )
    def test_an_output_numpy_does_not_have_is_refused_by_name(
        self, device, client, number, name
    ) -> None:
        client.load()
        client.set_input(0, np.zeros(4, np.int8))
        client.call("main")
        device._outputs[0].element_type = number
        with pytest.raises(DeviceError, match=name):
            client.output(0)

    def test_replies_are_typed(self, device: FakeDevice, client: Client) -> None:
        loaded = client.load()
        assert (loaded.heap_peak, loaded.stack_peaks) == (3000, (400,))
        assert [export.name for export in loaded.exports] == ["main", "fail"]
        assert client.call("main").ticks == 500
        assert device.employed == (1, 0)
        assert client.load(3, Policy.ROUND_ROBIN).stack_peaks == (400, 400, 400)
        assert device.employed == (3, 1)
        assert client.call("main").stack_peaks == (500, 500, 500)
        assert client.stats().heap_live == 12
        assert client.echo(bytes(range(256))) == bytes(range(256))
        client.release()

    def test_a_check_gives_what_was_measured_and_when(self, client: Client) -> None:
        reply = client.check(Check.FLOAT, 3, 5, 7)
        assert (reply.start, reply.ticks, reply.values) == (700, 8, (3, 3, 5, 7))
        assert client.check(Check.WALK).values == (2,)
        with pytest.raises(Refused, match="no such check: check 99"):
            client.check(99)

    def test_an_image_of_a_model_says_where_checks_are(self, device, client) -> None:
        device.to_host = instead(
            [client._last_id + 1, 12, "unknown op: op, arguments", "", 12, 1, None, None]
        )
        with pytest.raises(Refused, match="op 12") as caught:
            client.check(Check.WALK)
        assert "link_bringup" in (caught.value.advice or "")

    @pytest.mark.parametrize("results", [[], [1], [1, "2"], [1, 2, "three"], [1, 2, -3]])
    def test_wrong_results_of_check(self, device: FakeDevice, results: list[object]) -> None:
        client = connect(device, first_id=1)
        device.boot()
        client.wait_for_greeting()
        device.to_host = instead([1, 0, *results])
        with pytest.raises(WireError, match="CHECK"):
            client.check(Check.LAYOUT)

    def test_reset_gives_the_new_greeting(self, device: FakeDevice, client: Client) -> None:
        assert client.reset().board == "fake"
        assert device.resets == 1


class TestRefusals:
    def test_an_error_has_code_sentence_subject_and_values(self, client: Client) -> None:
        client.load()
        with pytest.raises(DeviceError) as raised:
            client.call("fail")
        assert raised.value.what == (
            "CALL failed on the device: INTERNAL: kernel failed (fail) [3, 4]"
        )
        assert isinstance(raised.value, Refused)
        assert (raised.value.status, raised.value.message) == ("INTERNAL", "kernel failed")

    def test_a_place_in_the_bytecode_is_told(self, device: FakeDevice) -> None:
        client = connect(device, first_id=7)
        device.boot()
        client.wait_for_greeting()
        device.to_host = instead([7, 12, "opcode", "", 0x9F, 0, 3, 0x124])
        with pytest.raises(DeviceError) as raised:
            client.load()
        assert raised.value.where == "function 3 of the module, bytecode offset 0x124"

    def test_out_of_memory_says_what_to_do(self, client: Client) -> None:
        with pytest.raises(DeviceError, match="RESOURCE_EXHAUSTED") as raised:
            client.set_input(0, np.zeros(100_000, np.float32))
        assert "RAM" in str(raised.value.advice)


class TestFaultsOnTheWire:
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("way", ["to_device", "to_host"])
    @pytest.mark.parametrize("nth", range(8))
    def test_one_fault_changes_nothing(self, device, client, fault, way, nth) -> None:
        done = device._written if way == "to_device" else device._said
        setattr(device, way, only(done + nth, FAULTS[fault]))
        values = np.arange(600, dtype=np.float32).reshape(2, 300)
        client.load()
        client.set_input(0, values)
        client.call("main")
        np.testing.assert_array_equal(client.output(0), values)
        assert (device.loads, device.calls) == (1, 1)
        assert device.now < TIMEOUT

    def test_every_third_frame_lost_both_ways(self, device, client) -> None:
        device.to_device = lambda number, frame: b"" if number % 3 == 0 else frame
        device.to_host = lambda number, frame: b"" if number % 3 == 1 else frame
        values = np.arange(2000, dtype=np.int16)
        client.load()
        client.set_input(0, values)
        client.call("main")
        np.testing.assert_array_equal(client.output(0), values)
        assert (device.loads, device.calls) == (1, 1)

    def test_late_answers_are_not_taken_for_others(self, device, client) -> None:
        device.to_host = lambda number, frame: frame + frame
        for length in range(20):
            assert client.echo(bytes(length)) == bytes(length)

    def test_silence_is_a_guest_fault_with_the_last_frames(self, device, client) -> None:
        device.to_device = lambda _, frame: b""
        started = device.now
        with pytest.raises(GuestFault, match="no answer to LOAD within 30 s") as raised:
            client.load()
        assert device.now - started == pytest.approx(TIMEOUT)
        assert "-> " in str(raised.value.found)

    def test_garbage_alone_is_a_wire_error(self, device, client) -> None:
        device.to_host = lambda _, frame: b"\x01\x02\x03\x00" * 5
        with pytest.raises(WireError, match="no frame") as raised:
            client.stats()
        assert "bad CRC" in str(raised.value.found)

    def test_a_device_that_reads_no_frame_of_ours(self, device, client) -> None:
        device.to_device = lambda _, frame: flipped(frame)
        with pytest.raises(WireError, match="cannot read our frames"):
            client.stats()
        assert device.now < 1.0

    def test_a_babbling_device_does_not_hang_the_host(self, device, client) -> None:
        device.to_device = lambda _, frame: b""

        def babble(timeout: float) -> bytes:
            device.now += 0.01
            return b"x" * 4096

        device.read = babble
        with pytest.raises(WireError, match="no answer"):
            client.echo(b"?")
        assert len(client._splitter.pending) < 2048

    def test_a_device_that_sends_other_frames_for_ever_does_not_hang_the_host(
        self, device, client
    ) -> None:
        device.to_device = lambda _, frame: b""

        def babble(timeout: float) -> bytes:
            device.now += 0.01
            return encode_frame(cbor2.dumps([7, 0])) * 3

        device.read = babble
        with pytest.raises(GuestFault, match="no answer"):
            client.echo(b"?")

    def test_an_echo_of_what_is_sent_is_told_as_such(self, device, client) -> None:
        device.to_device = lambda _, frame: device._out.extend(frame) or b""
        with pytest.raises(WireError, match="comes back") as raised:
            client.load()
        assert "TX" in str(raised.value.advice)

    def test_a_spoiled_reply_to_a_call_is_asked_for_soon(self, device, client) -> None:
        client.load()
        started = device.now
        device.to_host = only(device._said, flipped)
        client.call("main")
        assert device.now - started <= 0.5
        assert device.calls == 1

    def test_a_restart_whose_greeting_is_lost_is_a_guest_fault(self, device, client) -> None:
        client.load()
        device.to_host = only(device._said, lambda frame: b"")
        device.boot()
        with pytest.raises(GuestFault, match="restarted before CALL, and its greeting was lost"):
            client.call("main")
        with pytest.raises(Refused, match="no model is loaded"):
            client.call("main")
        client.load()
        client.call("main")

    def test_a_restart_between_requests_is_a_guest_fault(self, device, client) -> None:
        client.load()
        device.boot()
        with pytest.raises(GuestFault, match="restarted before CALL"):
            client.call("main")
        client.load()
        device.boot()
        client.load()
        client.call("main")

    def test_a_restart_in_the_middle_is_a_guest_fault(self, device, client) -> None:
        device.to_device = only(device._written, lambda frame: device.boot() or b"")
        with pytest.raises(GuestFault, match="restarted during LOAD"):
            client.load()

    @pytest.mark.parametrize("moment", ["before", "during"])
    def test_a_fault_is_told_with_its_place(self, device, client, moment) -> None:
        fault = [0, 2, "hard fault", "bus error", 0x1A2B, 0x3C4D]
        if moment == "before":
            device.say(fault)
        else:
            device.to_device = only(device._written, lambda frame: device.say(fault) or b"")
        with pytest.raises(GuestFault, match=f"{moment} LOAD: hard fault: bus error") as raised:
            client.load()
        assert raised.value.where == "pc 0x00001a2b, lr 0x00003c4d"

    def test_a_reset_whose_reply_is_lost_still_counts(self, device, client) -> None:
        device.to_host = only(device._said, lambda frame: b"")
        assert client.reset().board == "fake"
        assert device.resets == 1


class TestBodiesThatAreNotTheProtocols:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff",
            b"\x9f\x01",
            cbor2.dumps({"a": 1}),
            cbor2.dumps([]),
            cbor2.dumps([1]),
            cbor2.dumps(["1", 0]),
            cbor2.dumps([0, 9]),
            cbor2.dumps([0, 2, "fault"]),
            cbor2.dumps([5, 3, "message"]),
            cbor2.dumps([-1, 0]),
            cbor2.dumps([1, 0]) + b"\x00",
        ],
    )
    def test_is_a_wire_error(self, device: FakeDevice, client: Client, body: bytes) -> None:
        device.to_host = lambda _, frame: encode_frame(body)
        with pytest.raises(WireError):
            client.load()

    @pytest.mark.parametrize(
        "results",
        [
            [],
            [1, 2, 3, [4]],
            [1, 2, 3, 4, []],
            [1, 2, 3, [], []],
            [1, 2, 3, [4], [["main"]]],
            [1, 2, 3, [-4], []],
            [1, 2, 3, [True], []],
            [1, 2, -3, [4, 5], []],
        ],
    )
    def test_wrong_results_of_load(self, device: FakeDevice, results: list[object]) -> None:
        client = connect(device, first_id=1)
        device.boot()
        client.wait_for_greeting()
        device.to_host = instead([1, 0, *results])
        with pytest.raises(WireError, match="LOAD"):
            client.load()

    @pytest.mark.parametrize(
        "results",
        [[], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, []], [1, 2, 3, 4, [5]], [1, 2, 3, 4, 5, [-5]]],
    )
    def test_wrong_results_of_call(
        self, device: FakeDevice, client: Client, results: list[object]
    ) -> None:
        client.load()
        device.to_host = instead([client.last_id + 1, 0, *results])
        with pytest.raises(WireError, match="CALL"):
            client.call("main")

    def test_a_short_read_is_noticed(self, device: FakeDevice, client: Client) -> None:
        client.load()
        client.set_input(0, np.arange(40, dtype=np.int8))
        client.call("main")
        device._outputs[0].data = device._outputs[0].data[:30]
        with pytest.raises(WireError, match="shorter than its shape"):
            client.output(0)
